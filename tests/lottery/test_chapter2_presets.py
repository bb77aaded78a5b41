"""Chapter 2's settings against the appendix, Frankle and Carbin's code, and this package's first release."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from arttl.base.errors import InputError
from arttl.cli.ticket_parsers import search_parser
from arttl.lottery import SearchStudy
from arttl.lottery.deviations import search_deviations
from arttl.lottery.explain import explain_runs
from arttl.lottery.fidelity import changed_spec
from arttl.lottery.networks import NETWORKS, Trainee
from arttl.lottery.presets import PRESETS, study_settings
from arttl.pruning import SearchSettings
from arttl.published.appendix import SETTINGS
from arttl.recipes.overrides import as_of_now, flattened


def planned(*line):
    options = search_parser("").parse_args(["--source", "cifar10", "--data", "keras", *line])
    return SearchStudy.from_options(options).runs()


def test_the_default_is_the_appendix():
    """shared/paper.md, "The appendix"."""
    (spec,) = planned()
    recipe, search = flattened(spec.recipe.settings()), spec.search
    expected = {"optimizer.name": "SGD", "optimizer.learning_rate": 0.1, "optimizer.momentum": 0.9}
    expected |= {"optimizer.nesterov": True, "optimizer.l2": 1e-5, "optimizer.schedule.epochs": [50, 60, 75]}
    expected |= {"batch_size": 64, "patience": 5, "crop": "random", "initial": "glorot_normal"}
    assert {name: recipe[name] for name in expected} == expected
    assert (search.rate, search.rewind, search.rewind_unit, search.rounds) == (0.2, 2, "epochs", 30)
    assert (search.criterion, search.reset, spec.network) == ("magnitude", "theta_k", "resnet50")


def test_frankle_and_carbins_code_is_the_default_of_its_network():
    """github.com/google-research/lottery-ticket-hypothesis: mnist_fc/constants.py, datasets/dataset_mnist.py."""
    (spec,) = planned("--network", "lenet-300-100")
    recipe, search = spec.recipe, spec.search
    assert {name: recipe.optimizer[name] for name in ("name", "learning_rate", "momentum")} == {
        "name": "SGD",
        "learning_rate": 0.1,
        "momentum": 0.0,
    }
    assert type(recipe.make_optimizer()).__name__ == "SGD"
    assert (recipe.batch_size, recipe.max_iterations, recipe.tested) == (64, 50_000, "last")
    assert recipe.epochs(60_000 // 64) == 54  # 50,000 steps
    assert (search.rate, search.rates, search.reset, search.rounds) == (0.2, {"head": 0.1}, "theta_0", 30)
    assert (search.dense, search.head) == (True, True)


class Shape:
    shape, notes = (28, 28, 1), ()


def lines(spec):
    return [each.text for each in search_deviations(spec, Shape)]


def test_studies_are_no_deviations_of_themselves():
    (lenet,) = planned("--network", "lenet-300-100")
    assert lines(lenet) == []
    (small,) = planned("--network", "resnet20", "--set", "patience=7")
    assert lines(small) == ["patience is 7, not 5", "the network is resnet20, not resnet50"]
    (large,) = planned()
    assert "27% of ResNet-50's prunable weights" in " ".join(lines(large))


@pytest.mark.slow
def test_27_percent_of_the_weights_see_padding_alone_at_32_pixels():
    """A 3 x 3 kernel over one pixel: its gradient is zero in 8 of 9 taps."""
    shapes = Trainee("resnet50", 2, (32, 32, 3), PRESETS["thesis"].settings("resnet50")[0]).shapes
    kernels = {name: np.prod(shape) for name, shape in shapes.items() if name.endswith("kernel") and "head" not in name}
    last = [name for name in kernels if name.startswith("conv5") and shapes[name][:2] == (3, 3)]
    assert len(last) == 3
    assert sum(kernels[name] for name in last) * 8 / 9 / sum(kernels.values()) == pytest.approx(0.27, abs=0.005)


# Settings as config.json of the first release has them (commit a534d92).
FORMER_SEARCH = {"rate": 0.2, "rounds": 31, "rewind": 1, "rewind_unit": "epochs", "scope": "global", "dense": False}
FORMER_SEARCH |= {"head": False, "reset": "theta_k", "keep_initial": False, "keep_final": False}
FORMER_RECIPE = {"batch_size": 64, "patience": 7, "max_epochs": 1000, "name": "thesis", "resize": "nearest"}


@pytest.mark.parametrize("network", ["resnet50", "resnet20", "lenet_300_100"])
def test_the_first_release_is_kept_under_its_name_and_its_runs_are_recognised(network):
    (spec,) = planned("--network", network, "--recipe", "first-release")
    former = FORMER_SEARCH | (NETWORKS[network].search)
    optimizer = {"name": "SGD", "learning_rate": 0.01, "momentum": 0.9, "nesterov": True}
    recipe = FORMER_RECIPE | {"optimizer": optimizer}
    if network == "lenet_300_100":
        recipe |= {"optimizer": {"name": "Adam", "learning_rate": 0.0012}, "batch_size": 60}
    now = as_of_now({"search": former, "recipe": recipe})
    assert json.loads(json.dumps(asdict(spec.search))) == now["search"]
    ours = spec.recipe.settings()
    assert {name: ours[name] for name in now["recipe"]} == now["recipe"]


def test_every_setting_is_explained_with_its_sources():
    lines = explain_runs(planned("--seed", "1", "2", "--set", "patience=9")).splitlines()
    rows = {cells[0]: cells[1:] for cells in ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines[:-2])}
    assert rows["setting"] == ["thesis", "appendix", "2022", "this run"]
    assert rows["patience"] == [
        "early stopping; patience not said",
        "5 epochs, of the validation loss",
        "not said",
        "9 *",
    ]
    assert rows["seeds"][-1] == "1, 2"
    assert rows["optimizer.schedule.epochs"][-1] == "50, 60, 75"
    recipe, search = study_settings(NETWORKS["resnet50"])
    names = {*flattened(recipe.settings()), *asdict(search)} - {"name", "approach", "numerics.era"}
    assert names <= rows.keys()
    said = " ".join(cell for cells in rows.values() for cell in cells)
    assert [each.name for each in SETTINGS if each.appendix not in said] == []


@pytest.mark.parametrize("initial", ["glorot_normal", "he_uniform", "network"])
def test_initial_weights_have_the_spread_that_their_name_says(initial):
    recipe = PRESETS["thesis"].settings("resnet20")[0].changed({"initial": initial})
    drawn = Trainee("resnet20", 4, (8, 8, 3), recipe).draw(7)
    kernel = drawn["stage3_block3_2_conv/kernel"]  # 3 x 3 x 64 x 64
    inputs = 9 * 64
    variance = {"glorot_normal": 2 / (2 * inputs), "he_uniform": 2 / inputs, "network": 2 / inputs}[initial]
    assert kernel.var() == pytest.approx(variance, rel=0.03)
    assert abs(kernel).max() / kernel.std() == pytest.approx(np.sqrt(3) if initial == "he_uniform" else 2.27, rel=0.02)


def test_a_comparison_changes_recipe_and_search():
    (spec,) = planned()
    changed = changed_spec(spec, "scope=global,initial=he_uniform,rewind=1,optimizer.learning_rate=0.01")
    assert (changed.search.scope, changed.search.rewind) == ("global", 1)
    assert (changed.recipe.initial, changed.recipe.optimizer["learning_rate"]) == ("he_uniform", 0.01)
    assert spec.search == SearchSettings()
    for text, said in (
        ("scope=all", "scope is 'all'"),
        ("depth=3", "no setting 'depth'"),
        ("rewind=x", "whole number"),
    ):
        with pytest.raises(InputError, match=said):
            changed_spec(spec, text)


def test_the_choices_of_the_command_line_are_those_of_the_library():
    from arttl.cli import ticket_parsers
    from arttl.pruning import search_settings

    assert tuple(PRESETS) == ticket_parsers.PRESETS
    assert (search_settings.SCHEDULES, search_settings.ON_DEAD) == (ticket_parsers.SCHEDULES, ticket_parsers.ON_DEAD)
