"""Where a search or a transfer departs from the study, or settles what the study does not say: Deviations."""

from __future__ import annotations

from dataclasses import asdict

from arttl.base.deviation import Deviation, changed, inherited
from arttl.lottery.networks import NETWORKS
from arttl.lottery.presets import THESIS, study_settings
from arttl.recipes.overrides import departures

SMALL = "at 32 pixels 27% of ResNet-50's prunable weights see only padding: 8 of the 9 taps of three kernels of 3 x 3"


def search_deviations(spec, data):
    """The departures that apply to one search, for its config.json.

    Arguments:
        spec: a SearchSpec.
        data: the TrainingData.

    Returns a list of Deviations.
    """
    _, settings = study_settings(NETWORKS[spec.network])
    study, ours = asdict(settings), asdict(spec.search)
    found = [
        changed(f"search.{name}", ours[name], study[name])
        for name in study
        if ours[name] != study[name] and not name.startswith("keep_")
    ]
    if spec.fraction != 1:
        found.append(Deviation("fraction", f"{spec.fraction:.0%} of the training images", spec.fraction, 1.0))
    return found + spec.batchnorm.deviations() + _shared(spec, data)


def ticket_deviations(spec, data):
    """Those of a network trained on a target, and those of the search that its ticket comes from.

    Arguments:
        spec: a TicketSpec.
        data: the TrainingData.
    """
    found = spec.batchnorm.deviations()
    if not spec.new_head and spec.start not in ("scratch", "reinitialised"):
        found.append(Deviation("head", "the head comes from the ticket"))
    if spec.start == "random-masks":
        found.append(Deviation("start", "the masks are shuffled within each layer", spec.start))
    found += _shared(spec, data)
    return found if spec.search is None else found + inherited(spec.search.read_config(), "the search")


def _shared(spec, data):
    """Those that a search and a transfer can both have."""
    network = NETWORKS[spec.network]
    recipe, _ = study_settings(network)
    found = departures(spec.recipe, recipe)
    if network.study == THESIS and spec.network != "resnet50":
        found.append(Deviation("network", f"the network is {spec.network}, not resnet50", spec.network, "resnet50"))
    if spec.network == "resnet50" and data.shape[0] <= 32:
        found.append(Deviation("image_size", SMALL, data.shape[0]))
    return found + spec.computing.deviations + [Deviation("data", f"data: {note}") for note in data.notes]
