"""One network trained on a target from a ticket, or from what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.files import write_model, write_table
from arttl.lottery.batchnorm import AS_STUDIED, BatchNorm
from arttl.lottery.deviations import ticket_deviations
from arttl.lottery.networks import NETWORKS, begun, work_of
from arttl.models import HEAD
from arttl.pruning import load_ticket, open_tickets, shuffled_masks
from arttl.recipes import Recipe
from arttl.runs import RunFolder
from arttl.runs.engine import do_run
from arttl.runs.leaks import check_unseen, lists_images, started_from
from arttl.training import backend_name
from arttl.training.computing import USUAL, Computing

STARTS = {
    "ticket": "tickets",
    "final": "trained weights of tickets",
    "reinitialised": "tickets, randomly reinitialised",
    "random-masks": "random masks",
    "scratch": "from scratch",
}
"""What a network starts from, and what it is called: m * θ_k, m * θ_i, m * θ'_0, m' * θ_k, and θ'_0."""

NEW = 1  # beside the seed, of weights that are not the search's own


@dataclass(frozen=True)
class TicketSpec:
    """One run to do.

    Attributes:
        target: name of the data set.
        network: of NETWORKS.
        start: of STARTS.
        round: of the ticket; 0 is the unpruned network, started from θ_k, or from scratch.
        seed: of this training, and of the search.
        recipe: how it is trained.
        size: side of the images in pixels; None for the data set's own.
        folder: the RunFolder.
        search: the RunFolder of the search; None from scratch.
        source: name of the data set that it searched; empty from scratch.
        fraction: share of that data set's training images that it had.
        new_head: whether the head starts anew, as in a transfer, or comes from the ticket.
        batchnorm: a BatchNorm.
        keep_model: whether model.keras is written.
        computing: a Computing.
    """

    target: str
    network: str
    start: str
    round: int
    seed: int
    recipe: Recipe
    size: int | None
    folder: RunFolder
    search: RunFolder | None = None
    source: str = ""
    fraction: float = 1.0
    new_head: bool = True
    batchnorm: BatchNorm = AS_STUDIED
    keep_model: bool = False
    computing: Computing = USUAL

    @property
    def path(self):
        """The search's file of tickets."""
        return Path(self.search.path, "tickets.h5")

    @property
    def requires(self):
        """RunFolders that must be complete before it begins: that of the search."""
        return () if self.search is None else (self.search,)

    @property
    def title(self):
        """The run in words."""
        network, seed = NETWORKS[self.network].title, f"seed {self.seed}"
        if self.search is None:
            return f"{network} on {self.target} {STARTS[self.start]}, {seed}"
        part = f" ({self.fraction:.0%} of it)" if self.fraction < 1 else ""
        return f"{network} on {self.target}, {STARTS[self.start]} of {self.source}{part}, round {self.round}, {seed}"

    def work(self, sizes):
        """The Work of it.

        Arguments:
            sizes: the DataSize of the data.
        """
        return work_of(self, sizes, keeps_model=self.keep_model)

    def settings(self, data):
        """Everything that decides the result, for config.json and to tell one run from another.

        Arguments:
            data: the TrainingData.
        """
        of_search = None if self.search is None else self.search.read_config()["settings"]
        return {
            "kind": "ticket",
            "target": self.target,
            "data": data.settings,
            "classes": data.num_classes,
            "network": self.network,
            "image_size": data.shape[0],
            "seed": self.seed,
            "source": self.source,
            "fraction": self.fraction,
            "sparsity": 0.0 if self.search is None else open_tickets(self.path).sparsity(self.round),
            "tickets": of_search,
            "start": self.start,
            "round": self.round,
            "new_head": self.new_head,
            "recipe": self.recipe.settings(),
            "batchnorm": self.batchnorm.settings,
            "backend": backend_name(),
            **self.computing.settings,
        }


def check_search(spec, data):
    """Raise InputError when a spec's search does not have what it asks for, or has seen the target's test images.

    Images are compared by the content of their files, whatever the data sets are called (arttl.runs.leaks). Of natural
    sources, and searches that list no images, it is their name and division that tell.

    Arguments:
        spec: a TicketSpec.
        data: the TrainingData of the target.

    Returns lines that say what cannot be known; a list.
    """
    if spec.search is None:
        return []
    tickets = open_tickets(spec.path)
    if not 0 <= spec.round <= tickets.rounds:
        raise InputError(f"{spec.path} has tickets of rounds 0 to {tickets.rounds}, not {spec.round}; see rounds=")
    settings = spec.search.read_config()["settings"]
    if settings["network"] != spec.network:
        raise InputError(f"{spec.path} has tickets of {settings['network']}, not {spec.network}; see network=")
    if spec.start == "final" and not settings["search"]["keep_final"]:
        raise InputError(f"{spec.path} does not keep trained weights; search again with keep_final=True")
    if data.table is not None and lists_images(spec.search):
        return check_unseen(spec.search, data.table)
    mine, theirs = (
        {k: v for k, v in each.items() if k in ("files", "split", "challenge")}
        for each in (data.settings, settings["data"])
    )
    if settings["source"] == spec.target and mine != theirs:
        raise InputError(
            f"{spec.path} was found on another division of {spec.target} into train, validation and test; "
            "search with the same data and split options, or images that it was trained on would test it"
        )
    return [] if data.table is None or mine == theirs else check_unseen(spec.search, data.table)


def start_weights(spec, trainee):
    """Weights and masks that a run starts with: a dict of every weight, and a dict or None.

    Arguments:
        spec: a TicketSpec.
        trainee: the Trainee.

    Raises InputError when the ticket does not fit the network.
    """
    fresh = trainee.draw([spec.seed, NEW])
    if spec.search is None:
        return fresh, None
    ticket = load_ticket(spec.path, spec.round)
    masks = shuffled_masks(ticket.masks, spec.seed) if spec.start == "random-masks" else ticket.masks
    weights = ticket.final() if spec.start == "final" else ticket.weights
    if spec.new_head:
        masks = {name: mask for name, mask in masks.items() if not _of_head(name)}
    if spec.start == "reinitialised":
        return fresh, masks
    started = {name: fresh[name] if spec.new_head and _of_head(name) else weights.get(name) for name in fresh}
    for name, shape in trainee.shapes.items():
        if started[name] is None or started[name].shape != shape:
            raise InputError(
                f"{name} of {spec.path} does not fit {NETWORKS[spec.network].title} at this image size and number of "
                f"classes (it takes {shape}); give the image_size of the search"
            )
    return started, masks


def _of_head(name):
    return name.startswith(f"{HEAD}/")


def run_ticket(spec, data, force=False, *, method):
    """Train and test one network by its TicketSpec, resuming where its folder holds a checkpoint.

    Arguments:
        spec: the TicketSpec.
        data: the TrainingData.
        force: make the run anew, whatever its folder holds.
        method: a function of an arttl.runs.engine.Run, the Trainee, the weights and masks that it starts with, and the
            TrainingData, that returns the Outcome.

    Returns the metrics, as they stand in metrics.json, which is written last.

    Raises InputError when the folder holds a run of other settings, or another process is at work in it.
    """
    return do_run(spec, data, partial(_trained, method), force)


def _trained(method, run):
    spec, data, folder = run.spec, run.data, run.folder
    trainee = begun(spec, data, batchnorm_momentum=spec.batchnorm.momentum)
    with spec.computing.applied():
        weights, masks = start_weights(spec, trainee)
        config = trainee.config(run.settings, data, ticket_deviations(spec, data))
        folder.begin(config | {"started_from": started_from(spec.search, folder)}, run.force)
        if data.table is not None:
            write_table(folder.path / "images.csv", data.table)
        with run.tracked():
            outcome = method(run, trainee, weights, masks, data)
            if spec.keep_model:
                write_model(folder.path / "model.keras", trainee.model)
            return run.save(outcome, data, {"sparsity": run.settings["sparsity"]})
