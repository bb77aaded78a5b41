"""The thesis' findings compared on the same images: differences by hand, intervals of paired_difference."""

import pandas as pd
import pytest
from report_runs import answers, row_of, write_run

from arttl.metrics import paired_difference
from arttl.reports.collect import collect_runs
from arttl.reports.findings import FINDINGS, VERDICTS, compare, findings_table, verdict


def test_differences_on_the_same_images_averaged_over_common_seeds(tmp_path):
    """Seed 1: +1 +1 0 0 -1 0 0 0; seed 2: +1 0 0 0 0 0 0 +1: the mean of 1, 1/2, 0, 0, -1/2, 0, 0, 1/2 is 3/16."""
    for seed, tuned, shelf in ((1, "11110011", "00111011"), (2, "11110011", "01110010")):
        write_run(tmp_path, seed=seed, predictions=answers(tuned))
        write_run(tmp_path, approach="off-the-shelf", seed=seed, predictions=answers(shelf))
    write_run(tmp_path, approach="off-the-shelf", seed=3, predictions=answers("11111111"))  # of no fine-tuned run
    table = findings_table(collect_runs(tmp_path))
    (line,) = table.data.to_dict("records")
    low, high = (100 * each for each in paired_difference([1, 0.5, 0, 0, -0.5, 0, 0, 0.5])[1:])
    assert line["difference"] == pytest.approx(100 * 3 / 16)
    assert (line["low"], line["high"]) == pytest.approx((low, high))
    assert (line["images"], line["seeds"]) == (8, 2)
    row = row_of(table, "Rijksmuseum", "type", "ResNet50", "fine tuning", "off the shelf")
    assert row[5:] == ["+18.75", f"[{low:+.1f}, {high:+.1f}]", "8", "2", "+20.07", "not decided"]  # 91.30 - 71.23


def test_findings_that_fall_the_other_way_are_said(tmp_path):
    write_run(tmp_path, experiment="antwerp", source="rijks", predictions=answers("0" * 40))
    write_run(tmp_path, experiment="antwerp", source="imagenet", predictions=answers("1" * 40))
    table = findings_table(collect_runs(tmp_path))
    row = row_of(table, "Antwerp", "type", "ResNet50", "θʳ fine tuning", "θⁱ fine tuning")
    assert (row[5], row[-2], row[-1]) == ("-100.00", "+1.65", "the other way round")  # 78.15 - 76.50
    assert [verdict(*interval) for interval in ((1, 2), (-1, 2), (-2, -1), (0, 2))] == [1, 0, -1, 0]
    assert set(VERDICTS) == {-1, 0, 1}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"split": "c3d4"}, "different splits"),
        ({"seed": 7}, "no seed in common"),
        ({"predictions": answers("1111")}, "different images"),
    ],
)
def test_what_cannot_be_compared_is_left_out_with_its_reason(tmp_path, other, said):
    write_run(tmp_path, predictions=answers("11110011"))
    write_run(tmp_path, approach="scratch", **{"predictions": answers("11110011")} | other)
    table = findings_table(collect_runs(tmp_path))
    assert table.rows == []
    assert said in table.warnings[0]


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
