"""The search for lottery tickets: rounds of training, pruning and resetting, resumable at any moment.

Source: thesis, Chapter 2, protocol steps 1 and 2.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import keras
from keras import ops
from keras.callbacks import Callback

from arttl.base.errors import InputError
from arttl.pruning.initial import draw_weights
from arttl.pruning.kernels import prunable_kernels
from arttl.pruning.liveness import DEAD, LAGGING, Liveness
from arttl.pruning.masks import full_masks, layer_sparsity, sparsity
from arttl.pruning.records import Records
from arttl.pruning.search_settings import SearchSettings
from arttl.pruning.search_state import check_accuracy, check_kept, check_same, identity, load_state, save_state
from arttl.pruning.ticket_file import TicketFile, Tickets
from arttl.pruning.weights import below, model_weights, weight_shapes
from arttl.runs.metrics import accuracy_and_loss
from arttl.runs.results import epoch_words, training_metrics
from arttl.training import Checkpoint, Progress, as_batches, predict_labelled, random_state, train

if TYPE_CHECKING:
    from arttl.recipes import Recipe

FILE = "tickets.h5"


def find_tickets(
    model: keras.Model,
    recipe: Recipe,
    training,
    validation,
    folder: str | PathLike,
    settings: SearchSettings | None = None,
    *,
    test=None,
    seed: int = 0,
    draw: Callable | None = None,
    metadata: dict | None = None,
    log: Callable[[str], object] = print,
    report: Callable[[int, Progress], None] = lambda number, progress: None,
    callbacks: Iterable[keras.callbacks.Callback] = (),
) -> Tickets:
    """Search for lottery tickets: train, prune, reset the survivors, and train again, round after round.

    Everything is on the disk as soon as it is known: called again with the same arguments, in the same process or
    another, a search that was killed goes on at the round and epoch it was in, and ends with the same tickets to the
    bit (where training itself is deterministic, see arttl.training.make_deterministic). A finished one is returned.

    Arguments:
        model: a flat keras.Model, built and compiled, with the initial weights θ_0.
        recipe: an arttl.recipes.Recipe: early stopping, and which epoch's weights are judged and tested.
        training, validation: arttl.training.Batches, or what arttl.training.as_batches takes for them: arrays, a
            keras PyDataset, a tf.data.Dataset.
        folder: where to: tickets.h5 (docs/tickets.md), rounds.csv (a row a round, 0 the unpruned network; its
            "features" are of arttl.pruning.liveness), layers.csv (weights that remain in each kernel), history.csv (a
            row an epoch), answers.csv (with `test`: a row a test image in their order, its class id and a column a
            round, the class id that the round's network answers), and checkpoint/ until the end.
        settings: SearchSettings; the thesis' by default.
        test: the same; each round's accuracy on them is recorded. None: it is not.
        seed: of `draw`, for reset="random", of the criterion "random", and of the order of arrays.
        draw: a function of a seed that gives every weight of the network, for reset="random"; by default the layers'
            own initialisers.
        metadata: dict that JSON can hold, to be kept in tickets.h5.
        log: called with a line about each epoch and round.
        report: called with a round's number and its arttl.training.Progress after each epoch, and again when the round
            is in rounds.csv.
        callbacks: Keras callbacks of every training besides, such as arttl.training.Recalibrate(training). They are
            called after pruning's, and keep nothing that a search that is gone on with would need.

    Returns Tickets, as arttl.pruning.open_tickets does.

    Raises InputError when the folder holds a search of other settings, recipe, seed or network (what data it had is for
    `metadata` to tell), for a model without accuracy among its metrics, when training diverges, and when θ_k is not
    reached in the first round; what was found until then is kept.

    Example:
        >>> model = recipe.compile(model)
        >>> tickets = find_tickets(model, recipe, training, validation, "search", SearchSettings(rounds=1), log=str)
        >>> f"{tickets.sparsity(1):.2f}"
        '0.20'
    """
    folder, settings, metadata = Path(folder), settings or SearchSettings(), metadata or {}
    parts = [as_batches(training, model, recipe, seed, shuffle=True), as_batches(validation, model, recipe)]
    test = None if test is None else as_batches(test, model, recipe)
    search = _Search(model, recipe, *parts, folder, settings, test, metadata, log, report, seed, callbacks)
    if search.is_finished():
        return Tickets(search.path)
    draw = draw or (lambda each: draw_weights(search.shapes, each, model))
    search.begin()
    for number in range(search.pruning.round, settings.rounds + 1):
        features = search.train_round(number)
        if number and features == DEAD and settings.on_dead == "stop":
            break
        if number < settings.rounds:
            search.prune(lambda number=number: draw([seed, number + 1]))
    shutil.rmtree(search.state.parent)
    return Tickets(search.path)


class _Search:
    """A search on disk. Its state is that of the pruning callback; each round has a training checkpoint of its own."""

    def __init__(
        self, model, recipe, training, validation, folder, settings, test, metadata, log, report, seed, callbacks
    ):
        self.model, self.recipe, self.training, self.validation = model, recipe, training, validation
        self.folder, self.settings, self.test, self.log, self.report = folder, settings, test, log, report
        self.shapes = weight_shapes(model)
        self.metadata = {"search": asdict(settings), **identity(self.shapes, recipe, seed), **metadata}
        self.records, self.path, self.state = Records(folder), folder / FILE, folder / "checkpoint" / "pruning.npz"
        self.callbacks = list(callbacks)
        self.pruning, self.initial, self.file = settings.callback(seed), None, None
        self.seeds = [(variable, ops.convert_to_numpy(variable)) for variable in random_state(model)]

    @cached_property
    def liveness(self):
        """The Liveness of the model, on the first validation images: read only where a round is trained."""
        return Liveness(self.model, self.validation[0][0])

    def is_finished(self):
        """Whether all tickets are there; InputError when tickets are there that no search can go on from."""
        if not self.path.exists():
            return False
        tickets = Tickets(self.path)
        check_same(self.folder, self.metadata, tickets.metadata)
        if not self.state.exists():
            if tickets.rounds == self.settings.rounds or self._ended_dead(tickets):
                return True
            raise InputError(f"{self.path} has {tickets.rounds} rounds and no checkpoint to go on from; remove it")
        return False

    def _ended_dead(self, tickets):
        last = tickets.facts(tickets.rounds) if tickets.rounds else {}
        return last.get("features") == DEAD and self.settings.on_dead == "stop"

    def begin(self):
        """Take up the state that is there, or write the first one; the model's optimiser then has the masks."""
        check_kept(model_weights(self.model))
        self.state.parent.mkdir(parents=True, exist_ok=True)
        if self.state.exists():
            self._load()
        else:
            kernels = prunable_kernels(self.model, **self.settings.where)
            self.pruning.masks = full_masks(kernels)  # whatever masks the model holds from before
            self.pruning.install(self.model)
            self.initial = model_weights(self.model) if self.settings.keep_initial else None
            self._save()

    def train_round(self, number):
        """Train, test and record one round, from its last finished epoch where there is one; returns its features."""
        started = time.perf_counter()
        checkpoint = Checkpoint(self.state.with_name(f"round-{number}"))
        earlier = checkpoint.seconds()
        if number == 0:
            self._forget_later_rewind(checkpoint)
        if not checkpoint.exists():
            for variable, value in self.seeds:
                variable.assign(value)
        reported = False

        def report(progress):
            nonlocal reported
            reported = True
            check_accuracy(progress.history[-1])
            self.records.history(number, progress)
            self.log(f"  round {number}, epoch {progress.epochs}: {epoch_words(progress)}")
            self.report(number, progress)

        callbacks = [self.pruning, _SaveRewind(self)] if number == 0 else [self.pruning]
        ahead = self.settings.schedule_ahead(number)
        data = self.training, self.validation
        progress = train(self.model, self.recipe, *data, checkpoint, report, callbacks + self.callbacks, ahead)
        if not reported:  # a kill came between the last epoch's checkpoint and its row
            self.records.history(number, progress)
        facts = self._facts(number, progress, earlier + time.perf_counter() - started)
        self._record(number, facts)
        self.report(number, progress)
        return facts["features"]

    def _forget_later_rewind(self, checkpoint):
        """Drop θ_k of a training that was killed after epoch k, where the checkpoint is from before: it comes again."""
        epochs = checkpoint.progress().epochs if checkpoint.exists() else 0
        reached = epochs * (len(self.training) if self.settings.rewind_unit == "steps" else 1)
        if reached < self.settings.rewind:
            self.pruning.forget_rewind()

    def prune(self, draw):
        """Prune, and make ready for the next round; then nothing of this one is needed."""
        number = self.pruning.round
        if self.settings.reset == "final":
            self.pruning.rewind_weights = model_weights(self.model)
        elif self.settings.reset == "random":
            self.pruning.rewind_weights = draw()
        self.pruning.prune(self.model)
        self._save()
        shutil.rmtree(self.state.with_name(f"round-{number}"))

    def _facts(self, number, progress, seconds):
        """A row of rounds.csv, as a dict."""
        trained, masks = training_metrics(progress, self.recipe), self.pruning.masks
        row = progress.history[trained["tested_epoch"] - 1]
        facts = {
            "round": number,
            "sparsity": sparsity(masks),
            "remaining": sum(int(mask.sum()) for mask in masks.values()),
            "weights": sum(mask.size for mask in masks.values()),
            "val_loss": row["val_loss"],
            "val_accuracy": row["val_accuracy"],
        }
        if self.test is not None:
            labels, scores = predict_labelled(self.model, self.test)
            self.records.answers(number, labels, scores.argmax(axis=1))
            facts |= accuracy_and_loss(labels, scores)
        facts |= {name: trained[name] for name in ("epochs", "tested_epoch", "training_seconds")}
        return facts | {"seconds": round(seconds, 3), "features": self.liveness()}

    def _record(self, number, facts):
        """Write a round's ticket and rows, once."""
        masks = self.pruning.masks
        if self.file is None:
            self.file = TicketFile(self.path) if self.path.exists() else self._create(facts)
        if number > self.file.rounds:
            final = model_weights(self.model) if self.settings.keep_final else None
            self.file.add_round(masks, final, facts | {"layers": layer_sparsity(masks)})
        empty = self.records.layers(number, masks)
        self.records.round(facts)
        tested = f"test accuracy {facts['test_accuracy']:.1%}, " if self.test is not None else ""
        self.log(
            f"round {number} of {self.settings.rounds}: {facts['sparsity']:.1%} pruned, {tested}validation accuracy "
            f"{facts['val_accuracy']:.1%}, epoch {facts['tested_epoch']} of {facts['epochs']}, {facts['seconds']:.1f} s"
        )
        if empty:
            self.log(f"warning: from round {number} on, {empty[0]} has no weight left")
        if facts["features"] == LAGGING:
            self.log(f"warning: in round {number} BatchNormalization's moving statistics make all features alike")
        if facts["features"] == DEAD:
            ends = "the search ends here" if number and self.settings.on_dead == "stop" else "the search goes on"
            self.log(f"warning: in round {number} the features no longer depend on the image; {ends}")

    def _create(self, unpruned):
        """The TicketFile, with what is known after the first round: θ_k and that round's row."""
        return TicketFile.create(
            self.path,
            self._weights_k(),
            list(self.pruning.masks),
            rate=self.settings.rate,
            scope=self.settings.scope,
            metadata=self.metadata | {"unpruned": unpruned},
            weights_0=self.initial,
            final_weights=model_weights(self.model) if self.settings.keep_final else None,
        )

    def _weights_k(self):
        if self.pruning.rewind_weights is None:
            raise InputError(
                f"training ended before {self.settings.rewind_unit} {self.settings.rewind}, after which θ_k is kept; "
                "lower rewind, or raise the number of epochs"
            )
        return self.pruning.rewind_weights

    def _save(self):
        save_state(self.state, self.pruning, self.metadata, self.initial)

    def _load(self):
        state, metadata = load_state(self.state)
        check_same(self.folder, self.metadata, metadata)
        self.pruning.load_state_dict(state)
        self.initial = below("initial/", state)
        if self.pruning.round:
            self.pruning.reset(self.model)
        else:
            self.pruning.install(self.model)


class _SaveRewind(Callback):
    """Has θ_k on the disk before the checkpoint of the epoch in which it was kept."""

    def __init__(self, search):
        super().__init__()
        self.search, self.saved = search, search.pruning.rewind_weights is not None

    def on_epoch_end(self, epoch, logs=None):
        if not self.saved and self.search.pruning.rewind_weights is not None:
            self.saved = True
            self.search._save()
