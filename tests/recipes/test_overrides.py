"""Single settings changed, recorded and explained."""

import pytest

from arttl import recipes
from arttl.base.errors import InputError
from arttl.lottery.networks import get_network
from arttl.models import get_backbone
from arttl.recipes.eras import ERAS
from arttl.recipes.overrides import flattened, read_assignments
from arttl.reports.explain import explain


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("optimizer.learning_rate=1e-4", "optimizer.learning_rate", 1e-4),
        ("optimizer.learning_rate=1", "optimizer.learning_rate", 1.0),
        ("optimizer.nesterov=false", "optimizer.nesterov", False),
        ("optimizer.weight_decay=0.01", "optimizer.weight_decay", 0.01),
        ("batch_size=64", "batch_size", 64),
        ("shuffle=False", "shuffle", False),
        ("drop_remainder = true", "drop_remainder", True),
        ("preprocessing=imagenet", "preprocessing", "imagenet"),
        ("numerics=2.2.4", "numerics.resnet50", "2.2.4"),
        ("numerics=keras3", "numerics.rmsprop_root", "inside"),
        ("numerics.frozen_batchnorm=moving", "numerics.frozen_batchnorm", "moving"),
        ("numerics.frozen_updates=false", "numerics.frozen_updates", False),
    ],
)
def test_every_kind_of_setting_can_be_set(text, name, value):
    recipe = recipes.fine_tuning().changed(read_assignments([text]))
    found = flattened(recipe.settings())[name]
    assert found == value
    assert type(found) is type(value)


def test_every_setting_can_be_set_to_what_it_is():
    """No setting is out of reach of --set."""
    for name in recipes.RECIPES:
        for approach in recipes.APPROACHES:
            recipe = recipes.get_recipe(name, approach)
            for key, value in flattened(recipe.settings()).items():
                if key not in ("name", "approach", "numerics.era"):
                    again = recipe.changed(read_assignments([f"{key}={value}"]))
                    assert again.settings() == recipe.settings(), key


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("numerics.rmsprop=1", "no setting 'numerics.rmsprop'.*rmsprop_root"),
        ("batch_size=many", "batch_size cannot be 'many'; it takes a whole number"),
        ("batch_size=1.5", "a whole number"),
        ("batch_size=0", "a whole number from 1"),
        ("max_epochs=0", "max_epochs cannot be 0"),
        ("optimizer.learning_rate=fast", "it takes a number"),
        ("optimizer.learning_rate=NaN", "it takes a number"),
        ("shuffle=1", "true or false"),
        ("preprocessing=caffe", "unit, imagenet"),
        ("numerics=2.3.0", "numerics=.2.3.0. is not known; there are"),
        ("numerics.moving_average=none", "plain, zero-debiased"),
        ("features=one-pass", "features cannot be one-pass for fine-tuning"),
        ("optimizer=SGD", "part by part"),
        ("optimizer", "is not NAME=VALUE"),
        ("=3", "is not NAME=VALUE"),
    ],
)
def test_bad_settings_are_one_line_with_the_remedy(text, said):
    with pytest.raises(InputError, match=said) as caught:
        recipes.fine_tuning().changed(read_assignments([text]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"optimizer.name": "Model"}, "keras.optimizers has no such class"),
        ({"optimizer.name": "schedules"}, "keras.optimizers has no such class"),
        ({"optimizer.rho": 0.9}, "SGD has no setting optimizer.rho; it has optimizer.learning_rate"),
        (
            {"optimizer.learningrate": 0.9},
            r"SGD has no setting optimizer.learningrate; did you mean optimizer.learning_rate\?",
        ),
        ({"optimizer.momentum": 2.0}, "do not fit SGD"),
    ],
)
def test_optimizers_that_keras_does_not_have_are_refused(settings, said):
    with pytest.raises(InputError, match=said):
        recipes.fine_tuning().changed(settings).make_optimizer()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("momentum=0.5", "did you mean optimizer.momentum?"),
        ("rmsprop_root=inside", "did you mean numerics.rmsprop_root?"),
        ("epochs=3", "did you mean max_epochs?"),
        ("BatchSize=3", "did you mean batch_size?"),
        ("numerics.rmsproproot=inside", "did you mean rmsprop_root?"),
        ("colour=red", "'split'"),
    ],
)
def test_what_was_probably_meant_is_named(text, said):
    with pytest.raises(InputError) as error:
        recipes.off_the_shelf().changed(read_assignments([text]))  # whose RMSprop has no momentum
    assert str(error.value).endswith(said)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["learning_rate", "lr", "optimizer.learning_rate"])
def test_the_learning_rate_has_its_usual_names(name):
    assert recipes.fine_tuning().changed(read_assignments([f"{name}=0.25"])).optimizer["learning_rate"] == 0.25


def test_networks_too():
    with pytest.raises(InputError, match=r"did you mean inception_v3\?$"):
        get_backbone("inception")
    with pytest.raises(InputError, match=r"did you mean resnet20\?$"):
        get_network("resnet-20b")


def test_another_optimizer_keeps_only_the_learning_rate():
    recipe = recipes.fine_tuning().changed({"optimizer.name": "Adam", "optimizer.beta_1": 0.8})
    assert recipe.optimizer == {"name": "Adam", "learning_rate": 0.001, "beta_1": 0.8}
    assert recipe.make_optimizer().beta_1 == 0.8


def test_explain_shows_thesis_code_and_run():
    recipe = recipes.off_the_shelf().changed({"optimizer.epsilon": 1e-5, "numerics": "2.1.6"})
    lines = {line.split("|")[1].strip(): line for line in explain([recipe]).splitlines() if line.startswith("|")}
    cells = {name: [cell.strip() for cell in line.split("|")[2:-1]] for name, line in lines.items()}
    assert cells["setting"] == ["thesis", "released code", "this run (thesis)"]
    assert cells["optimizer.epsilon"] == ["1e-08", "1e-08", "1e-05 *"]
    assert cells["features"] == ["one-pass", "every-step", "one-pass"]
    assert cells["preprocessing"] == ["unit", "imagenet", "unit"]
    assert cells["tested"] == ["best", "last", "best"]
    assert cells["numerics.moving_average"] == ["plain (not said)", "plain (not said)", "zero-debiased *"]
    assert set(cells) - {"setting", "---"} >= set(flattened(recipe.settings())) - {"name", "approach"}


def test_eras_are_the_table_of_fidelity():
    """shared/fidelity.md: the boundaries are 2.1.3, 2.1.5, 2.2.0 and 2.2.3."""
    assert list(ERAS) == ["2.1.2", "2.1.6", "2.2.2", "2.2.4", "keras3"]
    assert [ERAS[era].rmsprop_epsilon for era in ERAS] == [1e-8, 1e-7, 1e-7, 1e-7, 1e-7]
    assert [ERAS[era].moving_average for era in ERAS] == ["plain", *["zero-debiased"] * 3, "plain"]
    assert [ERAS[era].frozen_updates for era in ERAS] == [True, False, False, False, False]
    assert [ERAS[era].frozen_batchnorm for era in ERAS] == [*["batch"] * 4, "moving"]
