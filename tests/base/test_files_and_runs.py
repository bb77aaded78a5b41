"""Files appear whole or not at all; a run folder can be read back and is held by one process at a time."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

from arttl.base.errors import InputError
from arttl.base.files import make_folder, whole_file, write_json, write_model, write_table
from arttl.reports.summary import summary_table
from arttl.runs import RunFolder


def test_an_error_leaves_the_old_file_and_no_other(tmp_path):
    write_json(tmp_path / "a.json", {"old": "ö"})

    def fail_halfway():
        with whole_file(tmp_path / "a.json") as file:
            file.write("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"old": "ö"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_disk_errors_name_the_file(tmp_path):
    with pytest.raises(InputError, match=r"nowhere/a\.json cannot be written \(No such file or directory\)"):
        write_json(tmp_path / "nowhere" / "a.json", {})
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\)"), whole_file(tmp_path / "b"):
        raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="choose another with output="):
        make_folder(tmp_path / "file" / "runs", "output")


def test_tables_keep_text_and_full_precision(tmp_path):
    table = pd.DataFrame({"name": ['a "b", c', "NA"], "value": [1 / 3, 1e-30]})
    write_table(tmp_path / "t.csv", table)
    assert b"\r" not in (tmp_path / "t.csv").read_bytes()
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "t.csv", keep_default_na=False), table, check_exact=True)


def test_run_folder_states(tmp_path):
    folder = RunFolder(tmp_path / "run")
    assert not folder.is_started
    assert not folder.is_complete
    with folder.locked():
        folder.write_config({"settings": {"seed": 1}})
        assert folder.is_started
        (folder.path / ".metrics.12345678.partial.json").touch()
        with pytest.raises(InputError, match="another process is at work"), RunFolder(tmp_path / "run").locked():
            pass
    with folder.locked():
        assert {path.name for path in folder.path.iterdir()} == {".lock", "config.json"}
    write_json(folder.path / "metrics.json", {"test_accuracy": 0.5, "seconds": 1})
    assert folder.is_complete
    assert folder.metrics() == {"test_accuracy": 0.5, "seconds": 1}
    assert folder.read_config()["versions"]["numpy"]
    folder.empty()
    assert not folder.is_started


def test_damaged_json_is_named(tmp_path):
    (tmp_path / "metrics.json").write_text("{")
    with pytest.raises(InputError, match=r"metrics\.json is damaged .*force=True"):
        RunFolder(tmp_path).metrics()


def test_log_is_printed_and_kept(tmp_path, capsys):
    RunFolder(tmp_path).log("one line")
    assert capsys.readouterr().out == "one line\n"
    assert (tmp_path / "log.txt").read_text().endswith(" one line\n")


def test_summary_shows_complete_runs_only(tmp_path):
    done, open_run = RunFolder(tmp_path / "done"), RunFolder(tmp_path / "open")
    settings = {"architecture": "vgg19", "seed": 3, "recipe": {"approach": "scratch"}}
    metrics = {"test_accuracy": 0.5, "test_accuracy_low": 0.25, "test_accuracy_high": 0.75, "majority_accuracy": 0.125}
    for folder in (done, open_run):
        folder.path.mkdir()
        folder.write_config({"settings": settings})
    write_json(done.path / "metrics.json", metrics | {"tested_epoch": 2, "epochs": 9, "seconds": 75.4})
    lines = summary_table([done, open_run]).splitlines()
    assert len(lines) == 3
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells == ["vgg19", "scratch", "3", "50.0%", "25.0% to 75.0%", "12.5%", "2 of 9", "1 min 15 s"]
    assert len({len(line) for line in lines}) == 1


def test_a_trained_model_is_saved_without_what_its_optimiser_keeps(tmp_path):
    sizes = []
    model = keras.Sequential([keras.Input((500,)), keras.layers.Dense(500, name="a"), keras.layers.Dense(2, name="b")])
    for trained in (False, True):
        if trained:
            model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
            model.fit(np.ones((4, 500)), np.ones((4, 2)), verbose=0)
        write_model(tmp_path / f"{trained}.keras", model)
        sizes.append((tmp_path / f"{trained}.keras").stat().st_size)
    assert sizes[1] < 1.1 * sizes[0]
    loaded = keras.models.load_model(tmp_path / "True.keras")
    np.testing.assert_array_equal(loaded.get_layer("a").get_weights()[0], model.get_layer("a").get_weights()[0])
    assert loaded.name == model.name


def test_weights_are_told_apart_by_their_content_and_not_by_their_place(tmp_path):
    """Earlier versions wrote the path that --weights or --output gave; moving the file makes no other run."""
    folder = RunFolder(tmp_path / "run").open()
    folder.write_config({"settings": {"weights": "/data/runs/model.keras", "weights_file": "sha256 1", "seed": 1}})
    folder.check_same({"weights": "model.keras", "weights_file": "sha256 1", "seed": 1})
    with pytest.raises(InputError, match=r"weights_file was sha256 1, now sha256 2"):
        folder.check_same({"weights": "/data/runs/model.keras", "weights_file": "sha256 2", "seed": 1})
    folder.write_config({"settings": {"weights": "none", "weights_file": None}})
    with pytest.raises(InputError, match=r"weights was none, now imagenet"):
        folder.check_same({"weights": "imagenet", "weights_file": None})
