"""Whole sets of Chapter 2's settings under a name: how networks are trained, and how tickets are searched for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from arttl.pruning import SearchSettings
from arttl.recipes import tickets


@dataclass(frozen=True)
class Preset:
    """One set of settings, as what differs from the thesis'.

    Attributes:
        title: in words.
        recipe: settings of Recipe.changed.
        search: settings of arttl.pruning.SearchSettings.
        networks: dict of a network's name to what it changes besides: another (recipe, search).
        name: of the Recipe.
    """

    title: str
    recipe: dict = field(default_factory=dict)
    search: dict = field(default_factory=dict)
    networks: dict = field(default_factory=dict)
    name: str = "thesis"

    def settings(self, network):
        """The Recipe of this preset, and the settings of its search as a dict.

        Arguments:
            network: its name, of arttl.lottery.networks.NETWORKS.
        """
        recipe, search = self.networks.get(network, ({}, {}))
        return replace(tickets().changed(self.recipe | recipe), name=self.name), self.search | search


THESIS, FIRST_RELEASE, FRANKLE_CARBIN = "thesis", "first-release", "frankle-carbin"

_SGD_001 = {"optimizer.learning_rate": 0.01, "optimizer.schedule": None, "optimizer.l2": 0.0}
_ADAM = {"optimizer.name": "Adam", "optimizer.learning_rate": 0.0012, "optimizer.schedule": None, "batch_size": 60}

PRESETS = {
    THESIS: Preset("the thesis and its appendix"),
    FIRST_RELEASE: Preset(
        "this package's own settings, of before the appendix was found",
        _SGD_001 | {"crop": "none", "initial": "network", "patience": 7},
        {"rounds": 31, "rewind": 1, "scope": "global", "on_dead": "continue"},
        {"lenet_300_100": (_ADAM, {})},
    ),
    # google-research/lottery-ticket-hypothesis, mnist_fc/constants.py and lottery_experiment.py. Theirs are 60,000
    # training images, and rows of pixels of norm 1; the weights that are tested are those of the last step.
    FRANKLE_CARBIN: Preset(
        "Frankle and Carbin's code for MNIST",
        {
            "optimizer.momentum": 0.0,
            "optimizer.nesterov": False,
            "optimizer.schedule": None,
            "optimizer.l2": 0.0,
            "crop": "none",
            "patience": 1000,
            "max_iterations": 50_000,
            "tested": "last",
        },
        {"reset": "theta_0", "rewind": 0, "scope": "layer", "rates": {"head": 0.1}, "on_dead": "continue"},
        name="frankle-carbin",
    ),
}


def study_settings(network):
    """The Recipe and the SearchSettings that runs of a network are held against: its study's.

    Arguments:
        network: a Network of arttl.lottery.networks.
    """
    recipe, search = PRESETS[network.study].settings(network.name)
    return recipe, SearchSettings(**network.search | search)
