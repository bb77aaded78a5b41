"""Run folders read for the report: what is pooled and what is not, and what is left out with its reason."""

import json

import numpy as np
import pandas as pd
import pytest
from report_runs import report, row_of, write_run

from arttl.base.errors import InputError
from arttl.reports.cells import accuracy_cells
from arttl.reports.collect import collect_runs
from arttl.reports.tables import accuracy_table, runs_table


def test_seeds_that_differ_in_more_are_not_pooled(tmp_path):
    write_run(tmp_path, seed=1)
    write_run(tmp_path, seed=2, settings={"image_size": 96})
    table = accuracy_table(collect_runs(tmp_path), "rijks")
    assert row_of(table, "type", "ResNet50")[6] == ""
    assert any("differ in image_size" in line and "left empty" in line for line in table.warnings)


def test_the_same_seed_twice_is_not_pooled(tmp_path):
    write_run(tmp_path / "a")
    write_run(tmp_path / "b")
    table = accuracy_table(collect_runs(tmp_path), "rijks")
    assert row_of(table, "type", "ResNet50")[6] == ""
    assert any("of the same seed" in line for line in table.warnings)


def test_weights_of_our_own_may_differ_from_seed_to_seed(tmp_path):
    for seed in (1, 2):
        own = {"weights": f"runs/seed-{seed}/model.keras", "weights_file": str(seed)}
        write_run(tmp_path, seed=seed, experiment="antwerp", source="rijks", settings=own)
        write_run(tmp_path, seed=seed, experiment="antwerp", source="imagenet", settings=own)
    row = row_of(accuracy_table(collect_runs(tmp_path), "antwerp"), "type", "ResNet50")
    assert (row[10], row[14]) == ("", "60.00")


def test_nothing_is_best_among_runs_of_different_data(tmp_path):
    write_run(tmp_path, architecture="vgg19", right=9)
    write_run(tmp_path, architecture="resnet50", split="another")
    collected = collect_runs(tmp_path)
    assert set(accuracy_cells(collected, "rijks").mark) == {""}
    assert any("different images" in line for line in accuracy_table(collected, "rijks").warnings)


def test_unusable_folders_are_listed_with_their_reason(tmp_path):
    write_run(tmp_path)
    (write_run(tmp_path, seed=1) / "metrics.json").unlink()
    (write_run(tmp_path, seed=2) / "config.json").write_text('{"settings": ', encoding="utf-8")
    (write_run(tmp_path, seed=3) / "predictions.csv").write_text("image_id,label\na,b\n", encoding="utf-8")
    (write_run(tmp_path, seed=4) / "history.csv").unlink()
    write_run(tmp_path, seed=5, metrics={"test_accuracy": 0.9})
    write_run(tmp_path, seed=6, metrics={"test_accuracy": "high"})
    write_run(tmp_path, seed=7, settings={"collection": "\ud800"})
    for seed in (8, 10):
        write_run(tmp_path, seed=seed, experiment="fidelity")
    (write_run(tmp_path, seed=9) / "predictions.csv").write_bytes(b"\x00\xff\xfe")
    left_out = collect_runs(tmp_path).left_out
    assert left_out.pop() == ("ch1/fidelity", "2 runs of an experiment that is not in this report")
    reasons = {name[-1]: reason for name, reason in left_out}
    expected = {
        "1": "unfinished", "2": "config.json is damaged", "3": "predictions.csv has no", "4": "history.csv",
        "5": "gives a test accuracy of 0.6", "6": "test_accuracy is high", "7": "surrogates", "9": "damaged",
    }  # fmt: skip
    assert reasons.keys() == expected.keys()
    for seed, words in expected.items():
        assert words in reasons[seed]
        assert "\n" not in reasons[seed]
    assert len(collect_runs(tmp_path).runs) == 1


def test_no_run_folder_is_said_in_one_line(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.json").write_text("{}", encoding="utf-8")
    for folder, words in (("empty", "holds no run folder"), ("nowhere", "is no folder")):
        assert report(tmp_path / folder) == 2
        out, err = capsys.readouterr()
        assert words in err
        assert err.count("\n") == 1
        assert not out
    with pytest.raises(InputError, match="holds no run folder"):
        collect_runs(tmp_path / "empty")


def test_runs_of_which_none_is_complete_make_empty_tables(tmp_path, capsys):
    (write_run(tmp_path) / "metrics.json").unlink()
    assert report(tmp_path) == 0
    assert "left out: ch1/rijks/type/resnet50/fine-tuning/seed-42: unfinished" in capsys.readouterr().out
    assert pd.read_csv(tmp_path / "report" / "table2.csv").accuracy.isna().all()
    for name in ("runs", "frequency", "confusions", "mistakes"):
        table = pd.read_csv(tmp_path / "report" / f"{name}.csv")
        assert table.empty
        assert "challenge" in table.columns


def test_the_list_of_runs(tmp_path):
    folder = write_run(tmp_path, deviations=["one", "two"])
    table = runs_table(collect_runs(tmp_path))
    (row,) = [[cell.text for cell in row] for row in table.rows]
    name = folder.relative_to(tmp_path).as_posix()
    assert row == [name, "60.00", "", "25.00", "50.00", "1", "2", "12", "2"]
    assert table.data.deviations.tolist() == ["one; two"]
    assert np.isclose(table.data.test_accuracy[0], json.loads((folder / "metrics.json").read_text())["test_accuracy"])
