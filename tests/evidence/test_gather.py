"""Run folders become tables: a row a picture and fold, a column a way; of Chapter 2 the round validated best."""

import json
import sys

import gather
import pandas as pd
import pytest
from report_runs import answers, write_run
from report_tickets import write_search, write_ticket

from arttl.base.errors import InputError
from arttl.runs import RunFolder


def gathered(runs, to, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gather.py", str(runs), "--to", str(to)])
    gather.main()
    return {path.stem: pd.read_csv(path) for path in to.glob("*.csv")}


def write_fold(runs, fold, right, under="thesis", **more):
    """A run on a fold of louvre-genres, with these answers."""
    rows = [(f"test/{fold}-{name}", *rest) for name, *rest in answers(right)]
    where = {"collection": f"genre-fold-{fold}", "challenge": "genre", "seed": fold}
    folder = write_run(runs / f"{under}/fold-{fold}", predictions=rows, **where, **more)
    config = json.loads((folder / "config.json").read_text())
    config["reading"] = {"data": f"/somewhere/louvre-genres/genre-fold-{fold}"}
    (folder / "config.json").write_text(json.dumps(config))


def test_runs_on_folds(tmp_path, monkeypatch, capsys):
    for fold, (tuned, frozen) in enumerate([("110", "100"), ("01", "11")], 1):
        for approach, right in (("fine-tuning", tuned), ("off-the-shelf", frozen)):
            write_fold(tmp_path / "runs", fold, right, approach=approach)
    unfinished = write_run(tmp_path / "runs/thesis/fold-3", collection="genre-fold-3", challenge="genre")
    (unfinished / "metrics.json").unlink()
    tables = gathered(tmp_path / "runs", tmp_path / "to", monkeypatch)
    assert "4 runs, 4 in" in (said := capsys.readouterr().out)
    assert "1 have not ended" in said
    table = tables["pictures-louvre-genres-genre"]
    assert table.image_id.tolist() == ["1-0.jpg", "1-1.jpg", "1-2.jpg", "2-0.jpg", "2-1.jpg"]
    assert table.fold.tolist() == [1, 1, 1, 2, 2]
    assert table["thesis fine-tuning"].tolist() == [1, 1, 0, 0, 1]
    assert table["thesis off-the-shelf"].tolist() == [1, 0, 0, 1, 1]
    assert len(tables["runs"]) == 4
    assert set(tables["histories"].run) == set(tables["runs"].run)


def test_another_network_has_a_table_of_its_own(tmp_path, monkeypatch):
    write_fold(tmp_path / "runs", 1, "110", approach="fine-tuning")
    write_fold(tmp_path / "runs", 1, "010", "thesis/resnet50-48", approach="fine-tuning")
    tables = gathered(tmp_path / "runs", tmp_path / "to", monkeypatch)
    assert tables["pictures-louvre-genres-genre"]["thesis fine-tuning"].tolist() == [1, 1, 0]
    assert tables["pictures-louvre-genres-resnet50-48-genre"]["thesis fine-tuning"].tolist() == [0, 1, 0]
    assert set(tables["runs"].variant) == {"thesis"}


def test_lines_of_chapter_2(tmp_path, monkeypatch):
    """Of rounds 0 to 2 the validation pictures prefer the second; scratch has no round."""
    right = {0: ("1111", 0.5), 1: ("1000", 0.6), 2: ("1110", 0.7)}
    for seed in (1, 2):
        for number, (hits, validation) in right.items():
            ticket = {"number": number, "val": (validation, 1.0), "predictions": answers(hits)}
            write_ticket(tmp_path / "runs/tickets", "cells", seed=seed, network="resnet20", **ticket)
        scratch = {"start": "scratch", "val": (0.9, 1.0), "predictions": answers("0000")}
        write_ticket(tmp_path / "runs/tickets", "cells", seed=seed, network="resnet20", **scratch)
    table = gathered(tmp_path / "runs", tmp_path / "to", monkeypatch)["tickets-cells"]
    assert table.seed.tolist() == [1] * 4 + [2] * 4
    assert table["cifar10 ticket unpruned"].tolist() == [1] * 8
    assert table["cifar10 ticket best"].tolist() == [1, 1, 1, 0] * 2
    assert table.scratch.tolist() == [0] * 8


def test_a_seed_without_its_rounds_leaves_the_others_choice(tmp_path, monkeypatch):
    """Of seed 1 there is round 0 alone; once no ticket was then chosen for seed 2 either."""
    for seed, numbers in ((1, [0]), (2, [0, 1, 2])):
        for number in numbers:
            ticket = {
                "number": number,
                "val": (0.5 + number / 10, 1.0),
                "predictions": answers("10" if number else "11"),
            }
            write_ticket(tmp_path / "runs/tickets", "cells", seed=seed, network="resnet20", **ticket)
    table = gathered(tmp_path / "runs", tmp_path / "to", monkeypatch)["tickets-cells"]
    assert table["cifar10 ticket unpruned"].tolist() == [1] * 4
    assert table["cifar10 ticket best"][table.seed == 2].tolist() == [1, 0]
    assert table["cifar10 ticket best"][table.seed == 1].isna().all()


def test_what_another_machine_measured_stays(tmp_path, monkeypatch, capsys):
    """A second folder of runs adds its fold, and takes the place of what the first said of the same one."""
    for machine, folds in (("first", {1: "110", 2: "01"}), ("second", {2: "11", 3: "0"})):
        for fold, hits in folds.items():
            write_fold(tmp_path / machine, fold, hits)
        tables = gathered(tmp_path / machine, tmp_path / "to", monkeypatch)
    assert "2 runs, 3 in" in capsys.readouterr().out
    table = tables["pictures-louvre-genres-genre"]
    assert table.fold.tolist() == [1, 1, 1, 2, 2, 3]
    assert table.iloc[:, 2].tolist() == [1, 1, 0, 1, 1, 0]
    assert tables["runs"].run.nunique() == len(tables["runs"]) == 3
    assert tables["histories"].run.nunique() == 3


def test_shares_of_a_target_are_columns_of_the_round_that_validation_prefers(tmp_path, monkeypatch):
    """Seed 3 of the half ended early, as where features are lost: round 2 of seed 4 does not compete."""
    for fraction, hits, seed, more in ((1.0, "110", 3, 0), (0.5, "001", 3, 0), (0.5, "001", 4, 1)):
        below, accuracies = f"tickets/ch2/tickets/{fraction}", [(0.0, 0.1), (0.5, 0.9), (0.5, 1.0)][: 2 + more]
        folder = write_search(tmp_path / "runs", "cells", seed, accuracies, fraction=fraction, below=below)
        images = pd.DataFrame({"image_id": ["x", "a", "b", "c"], "label": [*"nmnn"]})
        images.assign(split=["train", *["test"] * 3]).to_csv(folder / "images.csv", index=False)
        labels = pd.Series([0, 1, 1])
        one = labels.where([hit == "1" for hit in hits], 1 - labels)
        pd.DataFrame({"label": labels, "round_0": 1 - labels, "round_1": one}).to_csv(
            folder / "answers.csv", index=False
        )
    table = gathered(tmp_path / "runs", tmp_path / "to", monkeypatch)["tickets-cells"]
    assert table.image_id.tolist() == [*"abcabc"]
    assert table.seed.tolist() == [3, 3, 3, 4, 4, 4]
    assert table["search 100% best"].tolist()[:3] == [1, 1, 0]
    assert table["search 100% best"].isna().tolist()[3:] == [True] * 3
    assert table["search 50% best"].tolist() == [0, 0, 1] * 2
    assert table["search 50% unpruned"].tolist() == [0] * 6


def test_answers_to_other_pictures_are_refused(tmp_path):
    folder = write_search(tmp_path, "cells")
    pd.DataFrame({"image_id": [*"ab"], "label": [*"nm"], "split": "test"}).to_csv(folder / "images.csv", index=False)
    pd.DataFrame({"label": [0, 1], "round_1": [0, 1]}).to_csv(folder / "answers.csv", index=False)
    with pytest.raises(InputError, match="is not of the test images"):
        gather.answered(RunFolder(folder), 1)
