"""The thesis' findings compared on the same images: differences by hand, verdicts, and what is not compared."""

import numpy as np
import pandas as pd
import pytest
from report_runs import answers, row_of, write_run

from arttl.recipes import get_recipe
from arttl.recipes.demonstration import MAX_EPOCHS
from arttl.reports.collect import collect_runs
from arttl.reports.comparing import verdict
from arttl.reports.findings import FINDINGS, VERDICTS, compare, findings_table
from arttl.runs.metrics import difference_over_seeds, paired_difference


def rights(*texts):
    """Right or not, a column a seed."""
    return np.array([[*map(int, text)] for text in texts]).T


def test_differences_on_the_same_images_averaged_over_common_seeds(tmp_path):
    """Seed 1: +1 +1 0 0 -1 0 0 0; seed 2: +1 0 0 0 0 0 0 +1: the mean of 1, 1/2, 0, 0, -1/2, 0, 0, 1/2 is 3/16."""
    for seed, tuned, shelf in ((1, "11110011", "00111011"), (2, "11110011", "01110010")):
        write_run(tmp_path, seed=seed, predictions=answers(tuned))
        write_run(tmp_path, approach="off-the-shelf", seed=seed, predictions=answers(shelf))
    write_run(tmp_path, approach="off-the-shelf", seed=3, predictions=answers("11111111"))  # of no fine-tuned run
    table = findings_table(collect_runs(tmp_path))
    (line,) = table.data.to_dict("records")
    sides = rights("11110011", "11110011"), rights("00111011", "01110010")
    low, high = (100 * each for each in difference_over_seeds(*sides)[1:])
    assert line["difference"] == pytest.approx(100 * 3 / 16)
    assert (line["low"], line["high"]) == pytest.approx((low, high))
    assert (line["images"], line["seeds"]) == (8, 2)
    row = row_of(table, "clipart-a", "type", "ResNet50", "fine tuning", "off the shelf")
    assert row[5:] == ["+18.75", f"[{low:+.1f}, {high:+.1f}]", "8", "2", "+20.07", "not decided (two seeds)"]
    assert line["published"] == pytest.approx(91.30 - 71.23)


def test_findings_that_fall_the_other_way_are_said(tmp_path):
    for seed in (1, 2, 3):
        write_run(tmp_path, experiment="antwerp", source="rijks", seed=seed, predictions=answers("0" * 40))
        write_run(tmp_path, experiment="antwerp", source="imagenet", seed=seed, predictions=answers("1" * 40))
    table = findings_table(collect_runs(tmp_path))
    row = row_of(table, "clipart-a", "type", "ResNet50", "θʳ fine tuning", "θⁱ fine tuning")
    assert (row[5], row[-2], row[-1]) == ("-100.00", "+1.65", "the other way round")  # 78.15 - 76.50
    assert [verdict(*interval) for interval in ((1, 2), (-1, 2), (-2, -1), (0, 2))] == [1, 0, -1, 0]
    assert set(VERDICTS) == {-1, 0, 1}


def test_one_seed_decides_nothing_and_its_interval_says_that_it_covers_images_alone(tmp_path):
    write_run(tmp_path, predictions=answers("1" * 40))
    write_run(tmp_path, approach="off-the-shelf", predictions=answers("0" * 40))
    table = findings_table(collect_runs(tmp_path))
    low, high = (100 * each for each in paired_difference([1] * 40)[1:])
    row = row_of(table, "clipart-a", "type", "ResNet50", "fine tuning", "off the shelf")
    assert row[5:7] == ["+100.00", f"[{low:+.1f}, {high:+.1f}] (images alone)"]
    assert row[-1] == "not decided (one seed)"
    assert table.data.covers.tolist() == ["images alone"]


def test_seeds_that_disagree_decide_nothing_however_many_images_there_are(tmp_path):
    """Better by 80, 40 and 0 of 100 images: 40 points, four times what the images alone could vary by."""
    for seed, right in ((1, 90), (2, 50), (3, 10)):
        write_run(tmp_path, seed=seed, right=right, images=100)
        write_run(tmp_path, approach="scratch", seed=seed, right=10, images=100)
    (line,) = findings_table(collect_runs(tmp_path)).data.to_dict("records")
    assert line["difference"] == pytest.approx(40)
    assert line["low"] < 0
    assert (line["covers"], line["result"]) == ("seeds and images", "not decided")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"split": "c3d4"}, "they differ in split (a1b2 and c3d4)"),
        ({"seed": 7}, "they have no seed in common"),
        ({"predictions": answers("1111")}, "they were tested on different images"),
        ({"settings": {"backend": "jax", "image_size": 32}}, "they differ in image_size (64 and 32), backend"),
        ({"settings": {"files": "f" * 64}}, "they differ in files"),
        ({"settings": {"weights": "other.h5"}}, "they differ in weights (imagenet and other.h5)"),
        ({"settings": {"precision": "mixed"}}, "they differ in precision (not given and mixed)"),
    ],
)
def test_runs_that_do_not_belong_together_are_not_compared_and_their_row_says_why(tmp_path, other, said):
    write_run(tmp_path, predictions=answers("11110011"))
    write_run(tmp_path, approach="off-the-shelf", **{"predictions": answers("11110011")} | other)
    table = findings_table(collect_runs(tmp_path))
    (row,) = [[cell.text for cell in row] for row in table.rows]
    assert row[5:9] == ["", "", "", ""]
    assert row[-1].startswith(f"not compared: {said}")
    assert table.data.problem[0].startswith(said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),  # optimiser and features are what the approaches stand for
        ({"numerics": "2.2.4"}, ""),  # on both sides; RMSprop's epsilon is the era's
        ({"fine-tuning": {"max_epochs": 5}}, "they differ in recipe.max_epochs (5 and 1000)"),
        ({"fine-tuning": {"optimizer.learning_rate": 0.01}}, "recipe.optimizer.learning_rate (0.01 and 0.001)"),
        ({"off-the-shelf": {"optimizer.rho": 0.5}}, "recipe.optimizer.rho (not given and 0.5)"),
        ({"fine-tuning": {"numerics.resnet50": "2.2.4"}}, "recipe.numerics.resnet50 (2.2.4 and 2.1.2)"),
    ],
)
def test_an_approach_may_differ_in_what_its_preset_says_and_in_nothing_else(tmp_path, changes, said):
    for approach in ("fine-tuning", "off-the-shelf"):
        own = changes.get(approach, {}) | {name: value for name, value in changes.items() if name == "numerics"}
        recipe = get_recipe("thesis", approach).changed(own).settings()
        write_run(tmp_path, approach=approach, settings={"recipe": recipe})
    (line,) = findings_table(collect_runs(tmp_path)).data.to_dict("records")
    assert said in line["problem"]
    assert bool(said) == bool(line["problem"])


@pytest.mark.parametrize(
    ("collection", "epochs", "said"),
    [
        ("clipart-a", MAX_EPOCHS, ""),
        ("clipart-a", MAX_EPOCHS | {"fine-tuning": 5}, "recipe.max_epochs (5 and 30)"),
        ("museum", MAX_EPOCHS, "recipe.max_epochs (8 and 30)"),
    ],
)
def test_a_demonstrations_epochs_are_its_approaches_own(tmp_path, collection, epochs, said):
    """Else the report of README's first result leaves out what the study is about."""
    for approach in ("fine-tuning", "off-the-shelf"):
        recipe = get_recipe("thesis", approach).changed({"max_epochs": epochs[approach]}).settings()
        write_run(tmp_path, approach=approach, collection=collection, settings={"recipe": recipe})
    (line,) = findings_table(collect_runs(tmp_path)).data.to_dict("records")
    assert said in line["problem"]
    assert bool(said) == bool(line["problem"])


def test_from_scratch_has_no_weights_and_the_graph_of_its_era(tmp_path):
    tuned = get_recipe("thesis", "fine-tuning").changed({"numerics.resnet50": "keras3"}).settings()
    write_run(tmp_path, settings={"recipe": tuned, "weights": "bundled", "weights_file": "sha256 1"})
    bare = {"recipe": get_recipe("thesis", "scratch").settings(), "weights": "none", "weights_file": None}
    write_run(tmp_path, approach="scratch", settings=bare)
    (line,) = findings_table(collect_runs(tmp_path)).data.to_dict("records")
    assert line["problem"] == ""


def test_misprints_have_no_published_difference(tmp_path):
    for approach in ("fine-tuning", "off-the-shelf"):
        write_run(tmp_path, challenge="artist", approach=approach)
    (line,) = findings_table(collect_runs(tmp_path)).data.to_dict("records")
    assert pd.isna(line["published"])


def test_no_runs_are_no_findings(tmp_path):
    write_run(tmp_path)
    table = findings_table(collect_runs(tmp_path))
    assert table.rows == []
    assert {finding.experiment for finding in FINDINGS} == {"rijks", "antwerp"}
    with pytest.raises(ValueError, match="no seed in common"):
        compare(collect_runs(tmp_path).runs, collect_runs(tmp_path).runs.assign(seed=1))


@pytest.mark.parametrize(("splits", "pooled"), [(("s", "s"), True), (("s", "t"), False)])
def test_seeds_of_transferred_networks_are_pooled_though_each_has_a_source_of_its_seed(tmp_path, splits, pooled):
    """The networks of ch1_rijks.py have seeds too; but sources that learned from other images are not the same."""
    for seed, split in zip((1, 2), splits, strict=True):
        about = {"weights": f"runs/seed-{seed}/model.keras", "source_run": {"seed": seed, "split": split}}
        write_run(tmp_path, experiment="antwerp", source="rijks", seed=seed, settings=about)
        write_run(tmp_path, experiment="antwerp", source="imagenet", seed=seed)
    (line,) = findings_table(collect_runs(tmp_path)).data.to_dict("records")
    assert (line["problem"] == "") == pooled
    assert pooled or "differ in source_run.split" in line["problem"]
