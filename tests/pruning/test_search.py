"""The search for tickets, on small networks: what it records, its rule, and that it goes on from any moment."""

import math

import keras
import numpy as np
import pandas as pd
import pytest
import slim
from small_search import CLASSES, LENET, data, lenet, small_search

from arttl import recipes
from arttl.base.errors import InputError
from arttl.pruning import SearchSettings, load_ticket, open_tickets
from arttl.runs.keeping import compiled
from arttl.training import make_deterministic


class Killed(Exception):
    """Stands for a process that ends at this moment."""


def kept(recipe, model):
    """The model as compiled for a former search, if there is one: compiling is most of what a search costs here."""
    return compiled(model, recipe)


def with_dropout():
    make_deterministic(5)
    keras.utils.clear_session()
    pixels = keras.Input((6, 6, 1))
    x = keras.layers.Conv2D(8, 3, name="first")(pixels)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Dropout(0.3, seed=9)(keras.layers.ReLU()(x))
    x = keras.layers.Conv2D(8, 3, name="second")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, keras.layers.Dense(CLASSES, "softmax", name="head")(x))


def contents(path):
    """Every array of a file of tickets."""
    tickets = open_tickets(path)
    found = {"theta_k": tickets.read_weights(), "theta_0": tickets.read_weights("theta_0") or {}}
    for number in range(tickets.rounds + 1):
        found[f"masks {number}"] = tickets.read_masks(number)
        found[f"final {number}"] = tickets.read_final(number) or {}
    return {(part, name): array for part, each in found.items() for name, array in each.items()}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for key, array in one.items():
        np.testing.assert_array_equal(array, other[key], err_msg=str(key))


@pytest.mark.core
def test_the_masks_are_those_of_the_published_rule_applied_to_the_trained_weights(tmp_path):
    tickets = small_search(tmp_path, lenet(), LENET)
    masks = {name: np.ones_like(mask) for name, mask in tickets.read_masks(1).items()}
    for number in (1, 2, 3):
        assert tickets.facts(number)["remaining"] == sum(mask.sum() for mask in tickets.read_masks(number).values())
        final = tickets.read_final(number - 1)
        magnitudes = np.concatenate([np.abs(final[name][mask]) for name, mask in masks.items()])
        kept = np.concatenate([tickets.read_masks(number)[name][mask] for name, mask in masks.items()])
        assert magnitudes[~kept].max() <= magnitudes[kept].min()
        before = sum(int(mask.sum()) for mask in masks.values())
        masks = tickets.read_masks(number)
        assert sum(int(mask.sum()) for mask in masks.values()) == before - math.floor(0.2 * before + 0.5)


@pytest.mark.slow
def test_records_a_row_a_round_a_row_a_layer_and_a_row_an_epoch(tmp_path):
    lines = []
    tickets = small_search(tmp_path, lenet(), LENET, log=lines.append)
    rounds, layers, history = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("rounds", "layers", "history"))
    assert "sparsity" not in history  # rounds.csv has it
    assert list(rounds["round"]) == [0, 1, 2, 3]
    assert rounds.sparsity[0] == 0
    columns = (
        "round sparsity remaining weights val_loss val_accuracy test_accuracy test_accuracy_low test_accuracy_high"
    )
    columns += " test_loss epochs tested_epoch training_seconds seconds features"
    assert " ".join(rounds.columns) == columns
    np.testing.assert_allclose(rounds.sparsity[1:], 1 - 0.8 ** np.arange(1, 4), atol=1e-4)
    assert layers.groupby("round").remaining.sum().tolist() == rounds.remaining.tolist()
    assert set(layers.layer) == {"dense_300/kernel", "dense_100/kernel", "head/kernel"}
    assert history.groupby("round").size().tolist() == rounds.epochs.tolist()
    best = history[history["round"] == 2].nsmallest(1, "val_loss").iloc[0]
    assert rounds.tested_epoch[2] == best.epoch
    assert rounds.val_loss[2] == best.val_loss
    assert tickets.facts(2)["layers"].keys() == set(layers.layer)
    assert [line for line in lines if line.startswith("round 3 of 3: 48.8% pruned, test accuracy")]
    assert not (tmp_path / "checkpoint").exists()


def test_tickets_are_tested_with_the_weights_of_the_lowest_validation_loss(tmp_path):
    small_search(tmp_path, lenet(), LENET)
    ticket = load_ticket(tmp_path / "tickets.h5", 2)
    model = ticket.apply(lenet(), ticket.final())
    _, _, test = data((6, 6, 1))
    predicted = np.concatenate([model.predict_on_batch(test[index][0]) for index in range(len(test))]).argmax(axis=1)
    expected = pd.read_csv(tmp_path / "rounds.csv").test_accuracy[2]
    assert (predicted == test.class_ids).mean() == pytest.approx(expected)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A function of a network, settings and options, to the folder of its search, made once and without a stop."""
    folders = {}

    def searched(network, settings, **options):
        key = network, settings
        if key not in folders:
            folders[key] = tmp_path_factory.mktemp("whole")
            small_search(folders[key], network(), settings, **options)
        return folders[key]

    return searched


STOPS = ("round 0, epoch 1", "round 0, epoch 3", "round 1, epoch 2", "round 1 of", "round 2, epoch 3")


@pytest.mark.parametrize("network", [lenet, pytest.param(with_dropout, marks=pytest.mark.slow)])
def test_a_search_that_was_killed_ends_with_the_same_tickets_to_the_bit(tmp_path, whole, network):
    """One search that is killed at each of these moments, and gone on with, with a network just built, after each."""
    settings = LENET if network is lenet else SearchSettings(rounds=3, rewind=2, keep_final=True, scope="layer")
    expected = whole(network, settings)
    for stop_at in STOPS:
        lines = []

        def killed(line, stop_at=stop_at, lines=lines):
            lines.append(line.strip())
            if lines[-1].startswith(stop_at):
                raise Killed

        with pytest.raises(Killed):
            small_search(tmp_path, network(), settings, log=killed, compile_model=kept)
        assert any(line.startswith(STOPS[0]) for line in lines) == (stop_at == STOPS[0])  # done once
    small_search(tmp_path, network(), settings)
    assert_same(contents(expected / "tickets.h5"), contents(tmp_path / "tickets.h5"))
    tables = [pd.read_csv(each / "rounds.csv") for each in (expected, tmp_path)]
    pd.testing.assert_frame_equal(*(table.drop(columns=["training_seconds", "seconds"]) for table in tables))
    tables = [pd.read_csv(each / "history.csv").drop(columns="seconds") for each in (expected, tmp_path)]
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize("written", range(2, 14))
@pytest.mark.slow
def test_killed_at_any_file_that_it_writes(tmp_path, monkeypatch, whole, written):
    """Every file is written through os.replace; the process ends right before one of them gets its name."""
    import os

    settings = SearchSettings(rounds=2, dense=True, keep_final=True, reset="final")
    expected = whole(lenet, settings, epochs=2)
    count, replace = [0], os.replace

    def counting(*paths):
        count[0] += 1
        if count[0] == 2 * written:
            raise Killed
        replace(*paths)

    monkeypatch.setattr("os.replace", counting)
    with pytest.raises(Killed):
        small_search(tmp_path, lenet(), settings, epochs=2, compile_model=kept)
    monkeypatch.setattr("os.replace", replace)
    small_search(tmp_path, lenet(), settings, epochs=2, compile_model=kept)
    assert_same(contents(expected / "tickets.h5"), contents(tmp_path / "tickets.h5"))
    histories = [pd.read_csv(each / "history.csv").drop(columns="seconds") for each in (expected, tmp_path)]
    pd.testing.assert_frame_equal(*histories)


@pytest.mark.slow
@pytest.mark.parametrize("reset", ["theta_k", "theta_0", "final", "random"])
def test_what_the_survivors_start_a_round_from(tmp_path, reset):
    started = []

    class Spy(keras.callbacks.Callback):
        pass

    model, initial = lenet(), {}
    settings = SearchSettings(rounds=2, dense=True, head=True, reset=reset, keep_final=True)
    initial = {f"{layer.name}/{w.name}": w.numpy() for layer in model.layers for w in layer.weights}
    original = model.fit

    def fit(*arguments, **options):
        started.append({f"{layer.name}/{w.name}": w.numpy() for layer in model.layers for w in layer.weights})
        return original(*arguments, **options)

    model.fit = fit
    drawn = []

    def draw(seed):
        drawn.append(seed)
        return {name: np.full_like(array, 0.01 * len(drawn)) for name, array in initial.items()}

    tickets = small_search(tmp_path, model, settings, draw=draw, seed=8)
    theta_k = tickets.read_weights()
    expected = {
        "theta_k": [theta_k, theta_k],
        "theta_0": [initial, initial],
        "final": [None, tickets.read_final(1)],
        "random": [{n: np.full_like(a, 0.01 * k) for n, a in initial.items()} for k in (1, 2)],
    }[reset]
    for number, (start, weights) in enumerate(zip(started[1:], expected, strict=True), 1):
        if weights is None:
            continue
        masks = tickets.read_masks(number)
        for name, array in start.items():
            np.testing.assert_array_equal(array, np.where(masks.get(name, True), weights[name], 0), err_msg=name)
    assert drawn == ([[8, 1], [8, 2]] if reset == "random" else [])


@pytest.mark.slow
def test_layers_that_lose_every_weight_are_told_once_and_nothing_becomes_no_number(tmp_path):
    make_deterministic(5)
    lines = []
    settings = SearchSettings(rate=0.9, rounds=4, rewind=1, scope="global", on_dead="continue")
    small_search(tmp_path, slim.resnet20(CLASSES, (8, 8, 3)), settings, epochs=1, log=lines.append)
    warnings = [line for line in lines if line.startswith("warning")]
    assert len(warnings) == 1
    assert "has no weight left" in warnings[0]
    rounds = pd.read_csv(tmp_path / "rounds.csv")
    assert rounds.sparsity.iloc[-1] > 0.999
    assert np.isfinite(rounds.drop(columns="features").to_numpy()).all()
    assert np.isfinite(
        np.concatenate([array.ravel() for array in open_tickets(tmp_path / "tickets.h5").read_weights().values()])
    ).all()


@pytest.mark.core
def test_a_finished_search_is_returned_and_another_one_refused(tmp_path):
    settings = SearchSettings(rounds=1, rewind=1, dense=True)
    small_search(tmp_path, lenet(), settings, epochs=1)
    before = (tmp_path / "tickets.h5").read_bytes()
    lines = []
    assert small_search(tmp_path, lenet(), settings, epochs=1, log=lines.append).rounds == 1
    assert not lines
    assert (tmp_path / "tickets.h5").read_bytes() == before
    with pytest.raises(InputError, match="holds a search of another search"):
        small_search(tmp_path, lenet(), SearchSettings(rounds=2, rewind=1, dense=True), epochs=1)
    with pytest.raises(InputError, match="another data"):
        small_search(tmp_path, lenet(), settings, epochs=1, metadata={"data": "other"})


def test_a_damaged_state_is_named(tmp_path):
    def killed(line):
        raise Killed

    settings = SearchSettings(rounds=1, rewind=1, dense=True)
    with pytest.raises(Killed):
        small_search(tmp_path, lenet(), settings, log=killed)
    state = tmp_path / "checkpoint" / "pruning.npz"
    state.write_bytes(state.read_bytes()[:-50])
    with pytest.raises(InputError, match=r"pruning.npz is damaged .* delete .* to start it anew"):
        small_search(tmp_path, lenet(), settings)


def test_a_first_round_that_ends_before_theta_k_is_an_error(tmp_path):
    with pytest.raises(InputError, match="training ended before epochs 5, after which θ_k is kept"):
        small_search(tmp_path, lenet(), SearchSettings(rounds=1, dense=True, rewind=5))


@pytest.mark.parametrize(
    "wrong", [{"rate": 1.0}, {"rounds": -1}, {"rounds": 255}, {"reset": "x"}, {"scope": "y"}, {"rewind_unit": "z"}]
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(InputError):
        SearchSettings(**wrong)


@pytest.mark.slow
def test_the_search_is_the_callback_in_a_loop(tmp_path):
    """The library's two ways give the same masks: find_tickets, and MagnitudePruning with model.fit by hand."""
    settings = SearchSettings(rounds=2, rewind=1, dense=True, head=True)
    tickets = small_search(tmp_path, lenet(), settings, epochs=2)
    model, recipe = lenet(), recipes.tickets(max_epochs=2, batch_size=16)
    recipe.compile(model)
    training, validation, _ = data((6, 6, 1))
    pruning = settings.callback()
    for number in (1, 2):
        training.start_epoch(0)
        best, best_loss = None, math.inf
        for epoch in range(2):
            training.start_epoch(epoch)
            logs = model.fit(
                training,
                validation_data=validation,
                initial_epoch=epoch,
                epochs=epoch + 1,
                shuffle=False,
                callbacks=[pruning, _Order(training, epoch)],
                verbose=0,
            )
            if logs.history["val_loss"][0] < best_loss:
                best, best_loss = model.get_weights(), logs.history["val_loss"][0]
        model.set_weights(best)
        pruning.prune(model)
        for name, mask in tickets.read_masks(number).items():
            np.testing.assert_array_equal(mask, pruning.masks[name])


class _Order(keras.callbacks.Callback):
    def __init__(self, training, epoch):
        super().__init__()
        self.training, self.epoch = training, epoch

    def on_epoch_begin(self, epoch, logs=None):
        self.training.start_epoch(self.epoch)
