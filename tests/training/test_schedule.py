"""Learning-rate schedules and the L2 penalty, against hand-computed steps."""

import keras
import numpy as np
import pytest

from arttl import recipes
from arttl.base.errors import InputError
from arttl.models import lenet_300_100
from arttl.pruning import SearchSettings
from arttl.recipes.overrides import read_assignments
from arttl.training import Arrays, Batches, Checkpoint, make_deterministic, train
from arttl.training.schedule import PenalisedSGD, annealed

APPENDIX = {"epochs": [50, 60, 75], "factor": 0.1}


@pytest.mark.parametrize(("epoch", "rate"), [(0, 0.1), (49, 0.1), (50, 1e-2), (59, 1e-2), (60, 1e-3), (75, 1e-4)])
def test_the_rate_falls_after_each_epoch_of_the_schedule(epoch, rate):
    assert annealed(0.1, APPENDIX, epoch) == pytest.approx(rate)


def batches(seed=None):
    rng = np.random.default_rng(1)
    pixels, classes = rng.integers(0, 256, (20, 4, 4, 1)).astype("uint8"), np.arange(20) % 2
    return Batches(Arrays(pixels), np.arange(20), classes, 2, 10, seed)


class Stopped(Exception):
    """Stands for a process that ends."""


@pytest.mark.slow
@pytest.mark.core
def test_a_resumed_training_has_the_rates_that_it_would_have_had(tmp_path):
    recipe = recipes.tickets(max_epochs=5, patience=9).changed({"optimizer.schedule": "1,3"})

    def trained(folder, stop_after=None):
        make_deterministic(3)
        model = recipe.compile(lenet_300_100(2, (4, 4, 1), seed=3))

        def report(progress):
            if progress.epochs == stop_after:
                raise Stopped

        progress = train(model, recipe, batches(3), batches(), Checkpoint(folder), report, schedule_ahead=0)
        return model, progress

    whole, progress = trained(tmp_path / "whole")
    rates = [row["learning_rate"] for row in progress.history]
    np.testing.assert_allclose(rates, [0.1, 0.01, 0.01, 0.001, 0.001], rtol=1e-6)
    with pytest.raises(Stopped):
        trained(tmp_path / "cut", stop_after=2)
    resumed, again = trained(tmp_path / "cut")
    assert [row["learning_rate"] for row in again.history] == rates
    for ours, theirs in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_where_the_schedule_stands_after_a_reset():
    assert [SearchSettings().schedule_ahead(number) for number in (0, 1, 30)] == [0, 0, 0]
    rewound = SearchSettings(schedule_from="rewind", rewind=2)
    assert [rewound.schedule_ahead(number) for number in (0, 1, 30)] == [0, 2, 2]
    assert SearchSettings(schedule_from="rewind", reset="theta_0").schedule_ahead(1) == 0


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("optimizer.schedule=50,60,75", APPENDIX),
        ("optimizer.schedule=[50, 60, 75]", APPENDIX),
        ('optimizer.schedule={"epochs": [3], "factor": 0.5}', {"epochs": [3], "factor": 0.5}),
        ("optimizer.schedule=7", {"epochs": [7], "factor": 0.1}),
        ("optimizer.schedule.factor=0.2", {"epochs": [50, 60, 75], "factor": 0.2}),
        ("optimizer.schedule.epochs=2,4", {"epochs": [2, 4], "factor": 0.1}),
        ("optimizer.schedule=none", None),
    ],
)
def test_a_schedule_is_set_like_any_other_setting(text, schedule):
    assert recipes.tickets().changed(read_assignments([text])).optimizer.get("schedule") == schedule


@pytest.mark.parametrize("value", ["60,50", "0", "soon", "1.5", "[]x", '{"steps": [1]}', "1,1"])
def test_what_is_no_schedule_is_one_line(value):
    with pytest.raises(InputError, match="rising numbers of epochs, such as 50,60,75, or none"):
        recipes.tickets().changed({"optimizer.schedule": value})
    with pytest.raises(InputError, match="above 0 and at most 1"):
        recipes.tickets().changed({"optimizer.schedule.factor": 2})


@pytest.mark.core
@pytest.mark.parametrize("nesterov", [False, True])
def test_the_penalty_is_part_of_the_gradient_before_momentum(nesterov):
    """The steps of torch.optim.SGD(weight_decay=0.5): d = g + 0.5 w; b = 0.9 b + d; w -= 0.1 (d + 0.9 b) or 0.1 b."""
    weight = keras.Variable(np.array([2.0, -1.0, 0.0], "float32"))
    optimizer = PenalisedSGD(l2=0.5, learning_rate=0.1, momentum=0.9, nesterov=nesterov)
    optimizer.build([weight])
    expected, momentum = np.array([2.0, -1.0, 0.0]), np.zeros(3)
    for gradient in ([1.0, 0.0, 0.0], [0.0, 1.0, -2.0], [0.5, 0.5, 0.5]):
        optimizer.apply([keras.ops.convert_to_tensor(np.array(gradient, "float32"))], [weight])
        penalised = np.array(gradient) + 0.5 * expected
        momentum = 0.9 * momentum + penalised
        expected = expected - 0.1 * (penalised + 0.9 * momentum if nesterov else momentum)
        np.testing.assert_allclose(keras.ops.convert_to_numpy(weight), expected, rtol=1e-5)


def test_the_penalty_is_kept_in_a_saved_optimizer():
    optimizer = recipes.tickets().make_optimizer()
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert (type(again), again.l2, again.momentum) == (PenalisedSGD, 1e-5, 0.9)
    assert type(recipes.tickets().changed({"optimizer.l2": 0}).make_optimizer()) is keras.optimizers.SGD


@pytest.mark.parametrize(("most", "epochs"), [(0, 1000), (1, 1), (10, 1), (11, 2), (50_000, 1000)])
def test_iterations_bound_whole_epochs(most, epochs):
    assert recipes.tickets(max_iterations=most).epochs(10) == epochs
