"""Recipes, eras and single settings through the scripts, and the ablation of them."""

import json
from dataclasses import asdict

import keras
import numpy as np
import pandas as pd
import pytest
from scripts import SMALL, run_folders

from arttl.base.errors import InputError
from arttl.models import build_classifier
from arttl.models.belongings import weights_path
from arttl.recipes import get_recipe
from arttl.recipes.eras import ERAS
from arttl.runs import RunFolder
from arttl.runs.metrics import accuracy_interval, paired_difference, unpaired_difference
from arttl.transfer.fidelity import COMPARISONS, read_comparison

RESNET50 = ["--challenge", "type", "--architecture", "resnet50", "--weights", "bundled", "--image-size", "32"]


def test_set_is_used_and_recorded(script, photographs, tmp_path):
    settings = ["optimizer.learning_rate=0.5", "patience=1", "numerics.crossentropy=keras3"]
    code, _, err = script("--data", photographs, *SMALL, "--approach", "off-the-shelf", "--set", *settings)
    assert code == 0, err
    (path,) = run_folders(tmp_path / "runs")
    config = RunFolder(path).read_config()
    recipe = config["settings"]["recipe"]
    assert (recipe["optimizer"]["learning_rate"], recipe["patience"]) == (0.5, 1)
    assert recipe["numerics"]["era"] == "2.1.2"
    for said in ("optimizer.learning_rate is 0.5, not 0.001", "patience is 1, not 7", "crossentropy is keras3, not"):
        assert any(said in line for line in config["deviations"]), said
    model = keras.saving.load_model(path / "model.keras")
    assert model.get_layer("head").units == 3
    code, _, err = script("--data", photographs, *SMALL, "--approach", "off-the-shelf", "--numerics", "2.1.6")
    assert code == 2
    assert "was made with other settings (recipe.numerics.era was 2.1.2, now 2.1.6)" in err


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--set", "optimizer.rate=1"], "RMSprop has no setting optimizer.rate"),
        (["--set", "size=3"], "there is no setting 'size'"),
        (["--set", "nothing"], "NAME=VALUE"),
        (["--numerics", "1.0"], "--numerics"),
        (["--set", "drop_remainder=true", "--batch-size", "50"], "make no batch of 50 without a remainder"),
    ],
)
def test_bad_settings_are_one_line_and_exit_2(option, said, script, photographs, tmp_path):
    code, _, err = script("--data", photographs, *SMALL, "--approach", "off-the-shelf", *option)
    assert code == 2
    assert said in err.splitlines()[-1]
    assert not list(tmp_path.rglob("metrics.json"))


def test_an_architecture_alone_is_not_trained_from_scratch_unless_the_thesis_did(script, photographs):
    """The thesis trained InceptionV3 from scratch, and no other network."""
    weights = weights_path("resnet50", "bundled")
    options = ["--challenge", "type", "--data", photographs, "--weights", weights, "--dry-run"]
    for more, expected in (([], False), (["--approach", "scratch"], True)):
        code, out, err = script(*options, "--architecture", "resnet50", *more)
        assert code == 0, err
        assert ("from scratch" in out) == expected
    _, out, _ = script("--challenge", "type", "--data", photographs, "--architecture", "inception_v3", "--dry-run")
    assert "scratch" in out


def test_explain_prints_and_writes_nothing(script, photographs, tmp_path):
    code, out, _ = script("--data", photographs, *SMALL, "--recipe", "released", "--explain")
    assert code == 0
    for said in ("| setting ", "released code", "this run (released)", "optimizer.nesterov", "one-pass"):
        assert said in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("era", "updated"), [("2.1.2", True), ("2.1.6", False)])
@pytest.mark.slow
def test_released_recipe_runs_the_frozen_network_in_every_step(era, updated, script, photographs, tmp_path):
    """In 2.1.2 the frozen BatchNormalization's moving statistics follow the art images, which no cache could show."""
    options = ["--approach", "off-the-shelf", "--recipe", "released", "--epochs", "2", "--batch-size", "4"]
    options += ["--numerics", era, "--set", f"numerics.resnet50={era}"]
    code, out, err = script("--data", photographs, *RESNET50, *options)
    assert code == 0, err
    assert "features" not in out
    (path,) = run_folders(tmp_path / "runs")
    model = keras.saving.load_model(path / "model.keras")
    before = build_classifier("resnet50", 3, weights="bundled", image_size=32, numerics=era)
    kernel, mean = (
        [each.get_layer(layer).get_weights()[index] for each in (model, before)]
        for layer, index in (("res3a_branch2a", 0), ("bn3a_branch2a", 2))
    )
    np.testing.assert_array_equal(*kernel)
    assert np.array_equal(*mean) != updated
    config = RunFolder(path).read_config()
    assert config["settings"]["recipe"]["drop_remainder"]
    for said in ("took no image under 197 pixels", "made with the ResNet50 of today, not of 2018"):
        assert any(said in line for line in config["deviations"])


@pytest.mark.slow
def test_bundled_weights_keep_the_graph_that_they_were_made_in(script, photographs, tmp_path):
    code, _, err = script("--data", photographs, *RESNET50, "--approach", "off-the-shelf", "--epochs", "1")
    assert code == 0, err
    (path,) = run_folders(tmp_path / "runs")
    config = RunFolder(path).read_config()
    assert config["settings"]["recipe"]["numerics"] | {"resnet50": "2.1.2"} == asdict(ERAS["2.1.2"])
    assert "numerics.resnet50 is keras3, not 2.1.2" in config["deviations"]
    assert not any("made with the ResNet50" in line for line in config["deviations"])


@pytest.mark.slow
def test_every_step_and_one_pass_agree_where_nothing_depends_on_it(script, photographs, tmp_path):
    """VGG19 has no BatchNormalization, so the thesis' way and the code's must train the same head."""
    options = ["--data", photographs, *SMALL, "--approach", "off-the-shelf", "--set", "preprocessing=imagenet"]
    metrics = []
    for number, features in enumerate(("one-pass", "every-step")):
        output = tmp_path / f"runs{number}"
        code, _, err = script(*options, f"features={features}", "--output", output)
        assert code == 0, err
        metrics.append(RunFolder(run_folders(output)[0]).history().val_loss)
    np.testing.assert_allclose(*metrics, rtol=1e-3)


@pytest.mark.slow
def test_fidelity_script_reports_every_comparison(script, photographs, tmp_path):
    options = ["--data", photographs, *SMALL, "--approach", "off-the-shelf", "--batch-size", "6", "--seed", "1", "2"]
    compare = ["--compare", "released", "keras3", "tested=last", "optimizer.learning_rate=0.1,patience=2"]
    code, out, err = script(*options, *compare, name="ch1_fidelity.py")
    assert code == 0, err
    folder = tmp_path / "runs" / "ch1" / "fidelity" / "type"
    table = pd.read_csv(folder / "fidelity.csv")
    assert list(table.variant) == ["baseline", *compare[1:]]
    assert set(table.seeds) == {2}
    assert (folder / "fidelity.md").read_text(encoding="utf-8").strip() in out
    for row in table.itertuples():
        runs = [RunFolder(each) for each in run_folders(folder) if f"/{row.variant.replace(',', '-')}/" in str(each)]
        accuracies = [each.metrics()["test_accuracy"] for each in runs]
        assert len(accuracies) == 2
        assert row.test_accuracy == pytest.approx(np.mean(accuracies))
    baseline = table.test_accuracy[0]
    np.testing.assert_allclose(table.difference[1:], table.test_accuracy[1:] - baseline, atol=1e-12)
    assert list(table.paired[1:]) == [True, True, True, True]
    code, out, _ = script(*options, *compare, name="ch1_fidelity.py")
    assert code == 0
    assert "10 of 10 runs were finished already" in out or out.count("were finished already") == 2


def test_comparing_with_the_baseline_alone_gives_one_row(script, photographs, tmp_path):
    options = ["--data", photographs, *SMALL, "--approach", "off-the-shelf", "--compare", "thesis", "thesis"]
    code, _, err = script(*options, name="ch1_fidelity.py")
    assert code == 0, err
    table = pd.read_csv(tmp_path / "runs" / "ch1" / "fidelity" / "type" / "fidelity.csv")
    assert list(table.variant) == ["baseline"]
    assert table.difference.isna().all()


def test_another_recipe_keeps_its_own_numerics(script, photographs):
    options = ["--data", photographs, *SMALL, "--approach", "off-the-shelf", "--numerics", "2.2.4", "--explain"]
    code, out, err = script(*options, "--compare", "keras3", "resize=antialiased", name="ch1_fidelity.py")
    assert code == 0, err
    eras = [line.split("|")[-2].strip() for line in out.splitlines() if "numerics.era" in line]
    assert eras == ["2.2.4 *", "keras3 *", "2.2.4 *"]


def test_comparisons_are_recipes_eras_or_settings():
    assert read_comparison("released", "thesis").recipe == "released"
    assert read_comparison("2.2.4", "thesis").settings == {"numerics": "2.2.4"}
    variant = read_comparison("features=every-step,numerics=2.1.6", "released")
    assert (variant.recipe, variant.settings) == ("released", {"features": "every-step", "numerics": "2.1.6"})
    assert "/" not in read_comparison("numerics.resnet50=../x", "thesis").folder
    with pytest.raises(InputError, match=r"no recipe .* no era .* no NAME=VALUE"):
        read_comparison("nothing", "thesis")


def test_default_comparisons_are_possible():
    for approach, texts in COMPARISONS.items():
        for text in texts:
            variant = read_comparison(text, "thesis")
            recipe = get_recipe(variant.recipe, approach).changed(variant.settings)
            is_baseline = text == "numerics.resnet50=2.1.2"  # unless the weights are the bundled ones
            assert (recipe.settings() == get_recipe("thesis", approach).settings()) == is_baseline


@pytest.mark.parametrize(("weights", "graph"), [("bundled", "2.1.2"), ("none", "keras3")])
def test_comparison_with_the_baseline_itself_is_left_out(weights, graph, script, photographs):
    options = ["--challenge", "type", "--data", photographs, "--weights", weights, "--image-size", "32", "--dry-run"]
    code, out, err = script(*options, name="ch1_fidelity.py")
    assert code == 0, err
    assert [line for line in out.splitlines() if "numerics.resnet50=" in line] == [
        line for line in out.splitlines() if f"numerics.resnet50={graph}/" in line
    ]
    assert f"numerics.resnet50={graph}/" in out


def test_paired_difference_by_hand():
    """Agresti and Min (2005): of 100 images 10 are won and 4 lost; (10 - 4) / 102 +- 1.96 sqrt(...)."""
    differences = np.zeros(100)
    differences[:10], differences[10:14] = 1, -1
    difference, low, high = paired_difference(differences)
    assert difference == pytest.approx(0.06)
    b, c, n = 10.5, 4.5, 102
    margin = 1.959964 * np.sqrt((b + c) - (b - c) ** 2 / n) / n
    assert (low, high) == pytest.approx(((b - c) / n - margin, (b - c) / n + margin), abs=1e-6)
    _, low, high = paired_difference(np.zeros(50))
    assert low < 0 < high


def test_unpaired_difference_is_newcombes():
    """Newcombe (1998), table II, method 10, first contrast: 56/70 - 48/80 = 0.2, 0.0524 to 0.3339."""
    assert unpaired_difference((56, 70), (48, 80)) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    assert accuracy_interval(56, 70)[0] == 0.8


def test_settings_are_plain_json():
    for name in ("thesis", "released", "keras3"):
        settings = get_recipe(name, "off-the-shelf").settings()
        assert json.loads(json.dumps(settings)) == settings
