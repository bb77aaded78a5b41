"""The search for tickets, on small networks: what it records, and its rule."""

import math

import keras
import numpy as np
import pandas as pd
import pytest
import slim
from small_search import CLASSES, LENET, Killed, data, lenet, small_search

from arttl import recipes
from arttl.base.errors import InputError
from arttl.pruning import SearchSettings, load_ticket, open_tickets
from arttl.runs import RunFolder
from arttl.training import make_deterministic


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
    answers = pd.read_csv(tmp_path / "answers.csv")
    assert [*answers] == ["label", "round_0", "round_1", "round_2", "round_3"]
    for number, accuracy in enumerate(rounds.test_accuracy):
        told = RunFolder(tmp_path).answers(number)
        assert (told.label == told.predicted).mean() == accuracy
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
