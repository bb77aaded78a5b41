"""Recipes against the settings printed in the thesis and in the released code (paper.md)."""

import keras
import pytest

from arttl import recipes
from arttl.base.errors import InputError
from arttl.models.keras2018 import RMSprop2018


def compiled(recipe, kind):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax")])
    optimizer = recipe.compile(model).optimizer
    assert isinstance(optimizer, kind)
    return optimizer.get_config()


def test_thesis_off_the_shelf():
    settings = compiled(recipes.off_the_shelf(), keras.optimizers.RMSprop)
    assert settings["learning_rate"] == pytest.approx(0.001)
    assert (settings["rho"], settings["epsilon"], settings["momentum"]) == (0.9, 1e-8, 0.0)


@pytest.mark.parametrize("make", [recipes.fine_tuning, recipes.from_scratch])
def test_thesis_sgd(make):
    settings = compiled(make(), keras.optimizers.SGD)
    assert settings["learning_rate"] == pytest.approx(0.001)
    assert (settings["momentum"], settings["nesterov"]) == (0.9, True)


def test_released_sgd():
    settings = compiled(recipes.fine_tuning("released"), keras.optimizers.SGD)
    assert settings["learning_rate"] == pytest.approx(0.0001)
    assert (settings["momentum"], settings["nesterov"]) == (0.9, False)


def test_presets_differ_where_text_and_code_do():
    thesis, released = recipes.fine_tuning(), recipes.fine_tuning("released")
    assert (thesis.preprocessing, released.preprocessing) == ("unit", "imagenet")
    assert (thesis.tested, released.tested) == ("best", "last")
    assert (thesis.shuffle, released.shuffle) == (True, False)
    assert (thesis.split, released.split) == ("thesis", "released")
    assert thesis.batch_size == released.batch_size == 32
    assert thesis.patience == 7
    assert thesis.resize == "nearest"
    assert (thesis.drop_remainder, released.drop_remainder) == (False, True)
    assert thesis.numerics.era == released.numerics.era == "2.1.2"
    assert (thesis.cycle, released.cycle) == (False, True)
    assert (thesis.max_epochs, released.max_epochs) == (1000, 100)


@pytest.mark.parametrize(
    ("recipe", "changes", "said"),
    [
        (recipes.fine_tuning, {"warm_up": 2, "max_epochs": 2}, "leaves none of 2 epochs"),
        (recipes.fine_tuning, {"warm_up": -1}, "warm_up cannot be -1"),
        (recipes.tickets, {"warm_up": 1}, "Chapter 1's"),
        (recipes.tickets, {"cycle": True}, "Chapter 1's"),
    ],
)
def test_a_warm_up_or_a_cycle_that_cannot_be_is_said(recipe, changes, said):
    with pytest.raises(InputError, match=said):
        recipe(**changes)


def test_off_the_shelf_runs_once_in_the_text_and_in_every_step_in_the_code():
    assert [recipes.off_the_shelf(name).features for name in recipes.RECIPES] == ["one-pass", "every-step", "one-pass"]
    assert {recipes.fine_tuning(name).features for name in recipes.RECIPES} == {"every-step"}


def test_released_rmsprop_has_the_epsilon_of_the_era():
    for era, epsilon in (("2.1.2", 1e-8), ("2.1.6", 1e-7), ("keras3", 1e-7)):
        recipe = recipes.off_the_shelf("released", numerics=era)
        assert recipe.settings()["optimizer"]["epsilon"] == epsilon
        assert recipe.make_optimizer().epsilon == epsilon


def test_keras3_is_today():
    off_the_shelf, fine_tuning = recipes.off_the_shelf("keras3"), recipes.fine_tuning("keras3")
    assert isinstance(off_the_shelf.make_optimizer(), keras.optimizers.RMSprop)
    assert not isinstance(off_the_shelf.make_optimizer(), RMSprop2018)
    assert off_the_shelf.settings()["optimizer"]["epsilon"] == keras.optimizers.RMSprop().epsilon
    assert type(fine_tuning.callbacks()[0]) is keras.callbacks.EarlyStopping
    assert fine_tuning.decoding == "upright"
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "softmax")])
    assert fine_tuning.compile(model).loss == "categorical_crossentropy"


def test_callbacks_stop_after_seven_epochs_and_keep_the_best():
    (stopping,) = recipes.fine_tuning().callbacks()
    assert (stopping.monitor, stopping.patience, stopping.restore_best_weights) == ("val_loss", 7, True)
    assert recipes.fine_tuning("released").callbacks()[0].restore_best_weights is False


def test_changes_and_unknown_names():
    assert recipes.off_the_shelf(max_epochs=3, batch_size=None).max_epochs == 3
    assert recipes.off_the_shelf(batch_size=None).batch_size == 32
    with pytest.raises(InputError, match="there are thesis, released, keras3"):
        recipes.get_recipe("paper", "scratch")
    with pytest.raises(InputError, match="there are off-the-shelf"):
        recipes.get_recipe("thesis", "zero-shot")


def test_changing_one_recipe_leaves_the_preset_alone():
    recipes.fine_tuning().optimizer["learning_rate"] = 5
    assert recipes.fine_tuning().optimizer["learning_rate"] == 0.001
