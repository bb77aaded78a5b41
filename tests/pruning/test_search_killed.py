"""A search for tickets that is killed at some moment goes on, and ends as if it had not been."""

import os

import keras
import numpy as np
import pandas as pd
import pytest
from small_search import CLASSES, LENET, Killed, lenet, small_search

from arttl.pruning import SearchSettings, open_tickets
from arttl.runs.keeping import compiled
from arttl.training import make_deterministic


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


@pytest.mark.slow
@pytest.mark.parametrize("network", [lenet, with_dropout])
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
    pd.testing.assert_frame_equal(*(pd.read_csv(each / "answers.csv") for each in (expected, tmp_path)))


@pytest.mark.parametrize("written", range(2, 15))
@pytest.mark.slow
def test_killed_at_any_file_that_it_writes(tmp_path, monkeypatch, whole, written):
    """Every file is written through os.replace; the process ends right before one of them gets its name."""
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
