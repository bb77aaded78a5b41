"""Folders of Chapter 2 read for the report: kinds and names, what is left out and why, alone and beside Chapter 1."""

import json

import pandas as pd
import pytest
from report_runs import report, write_run
from report_tickets import write_search, write_ticket

from arttl.reports.collect import collect_runs
from arttl.reports.tickets.collect import KEY, collect_tickets
from arttl.reports.tickets.naming import source_name, source_title, target_name
from arttl.reports.tickets.series import STUDY, make_series


def change(folder, name, **changed):
    """Change entries of a JSON file; in config.json those of its settings."""
    path = folder / name
    content = json.loads(path.read_text(encoding="utf-8"))
    (content["settings"] if name == "config.json" else content).update(changed)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_kinds_are_told_by_config_json_and_controls_by_their_place(tmp_path):
    write_ticket(tmp_path, batchnorm={"momentum": 0.9, "recalibrate": True}, fraction=None)
    write_ticket(tmp_path, start="scratch", fraction=0.75)
    write_ticket(tmp_path, "mnist", "mnist", start="random-masks", below="ch2/lth/controls")
    write_search(tmp_path, fraction=0.5)
    write_search(tmp_path, "mnist", below="ch2/lth/tickets", complete=False)
    tickets = collect_tickets(tmp_path)
    assert tickets.left_out == []
    scratch, ticket = sorted(tickets.runs[KEY].itertuples(index=False, name=None), key=lambda key: key[3])
    assert scratch == ("Human-LBA", "resnet50", "", "scratch", 1.0, STUDY)
    assert ticket == ("Human-LBA", "resnet50", "cifar10", "ticket", 1.0, (("momentum", 0.9), ("recalibrate", True)))
    assert tickets.controls[["target", "source", "start"]].values.tolist() == [["mnist", "mnist", "random-masks"]]
    searches = tickets.searches.set_index("source")[["lth", "complete", "fraction"]]
    assert searches.loc["fashion_mnist"].tolist() == [False, True, 0.5]
    assert searches.loc["mnist"].tolist() == [True, False, 1.0]


@pytest.mark.parametrize(
    ("given", "target", "start", "name", "title"),
    [
        ("fashion-mnist", "x", "ticket", "fashion_mnist", "Fashion-MNIST"),
        ("CIFAR10", "x", "ticket", "cifar10", "CIFAR-10"),
        ("cifar100_coarse", "x", "ticket", "cifar100_coarse", "CIFAR-100 (coarse)"),
        ("human_lba", "Human-LBA", "ticket", "target ticket", "target ticket"),
        ("clipart-a", "clipart-a type", "final", "target ticket", "target ticket"),
        ("clipart-a type", "clipart-a type", "ticket", "target ticket", "target ticket"),
        ("clipart-b", "clipart-a type", "ticket", "clipart-b", "ticket of clipart-b"),
        ("human lba", "mouse-lba", "ticket", "Human-LBA", "ticket of Human-LBA"),
        ("cifar10", "x", "scratch", "", "from scratch"),
    ],
)
def test_sources_are_known_whatever_their_spelling(given, target, start, name, title):
    assert source_name(given, target, start) == name
    assert source_title(name) == title


@pytest.mark.parametrize("name", ["human-lba", "HUMAN_LBA", "human lba", "human-lba type"])
def test_targets_of_the_thesis_are_known_whatever_their_spelling(name):
    assert target_name(name) == "Human-LBA"
    assert target_name(f"my {name}s") == f"my {name}s"
    assert target_name(name, "type") == "Human-LBA"


def test_targets_of_one_s_own_are_told_apart_by_their_challenge(tmp_path):
    for challenge in ("type", "artist"):
        data = {"collection": "clipart-a", "challenge": challenge}
        write_ticket(tmp_path / challenge, "clipart-a", "clipart-a", settings={"data": data})
    runs = collect_tickets(tmp_path).runs
    assert set(runs.target) == {"clipart-a type", "clipart-a artist"}
    assert set(runs.source) == {"target ticket"}
    assert target_name("clipart-a type", "type") == "clipart-a type"


def test_unusable_runs_are_listed_with_their_reason(tmp_path):
    write_ticket(tmp_path, seed=20)
    broken = {seed: write_ticket(tmp_path, seed=seed) for seed in range(1, 19)}
    (broken[1] / "metrics.json").unlink()
    (broken[2] / "config.json").write_text('{"settings": ', encoding="utf-8")
    change(broken[3], "config.json", kind="<b>")
    change(broken[4], "config.json", round=-1)
    change(broken[5], "config.json", round="1")
    change(broken[6], "config.json", sparsity=10**400)
    change(broken[7], "config.json", start="$\\frac{")
    change(broken[8], "config.json", target="")
    change(broken[9], "config.json", batchnorm={"momentum": [0.9]})
    change(broken[10], "config.json", target="\ud800")
    change(broken[11], "metrics.json", test_accuracy=0.9)
    (broken[12] / "predictions.csv").write_bytes(b"\x00\xff\xfe")
    (broken[13] / "predictions.csv").write_text("image_id,label,predicted,probability\na,b,b,1\na,b,b,1\n")
    change(broken[13], "metrics.json", test_accuracy=1.0)
    (broken[14] / "history.csv").unlink()
    (broken[15] / "config.json").unlink()
    (broken[16] / "config.json").write_text('{"settings": [], "versions": {}}', encoding="utf-8")
    change(broken[17], "config.json", target=["x"])
    change(broken[18], "config.json", fraction="all")
    tickets = collect_tickets(tmp_path)
    reasons = {int(name.rpartition("-")[2]): reason for name, reason in tickets.left_out}
    expected = {
        1: "unfinished", 2: "config.json is damaged", 3: "neither search nor ticket", 4: "round", 5: "round",
        6: "sparsity", 7: "start is", 8: "target", 9: "batchnorm", 10: "surrogates", 11: "another", 12: "damaged",
        13: "names an image twice", 14: "history.csv", 15: "config.json", 16: "damaged", 17: "target", 18: "fraction",
    }  # fmt: skip
    assert reasons.keys() == expected.keys()
    for seed, words in expected.items():
        assert words in reasons[seed]
        assert reasons[seed].isprintable()
    assert tickets.runs.seed.tolist() == [20]


def test_unusable_searches_are_listed_and_unfinished_ones_are_not(tmp_path):
    folders = {seed: write_search(tmp_path, seed=seed) for seed in range(1, 14)}
    rounds = pd.read_csv(folders[1] / "rounds.csv")
    (folders[2] / "rounds.csv").unlink()
    rounds.drop(columns="val_loss").to_csv(folders[3] / "rounds.csv", index=False)
    rounds.iloc[[1, 1]].to_csv(folders[4] / "rounds.csv", index=False)
    rounds.assign(test_accuracy="high").to_csv(folders[5] / "rounds.csv", index=False)
    rounds.assign(round=rounds["round"] * 200).to_csv(folders[6] / "rounds.csv", index=False)
    rounds.iloc[:2].to_csv(folders[7] / "rounds.csv", index=False)  # metrics.json says 2 rounds
    (folders[8] / "layers.csv").write_text("round,layer,weights,remaining\n0,a,9,9\n0,a,9,8\n", encoding="utf-8")
    (folders[9] / "metrics.json").unlink()
    for name in ("metrics.json", "rounds.csv"):
        (folders[10] / name).unlink()
    (folders[11] / "layers.csv").write_text("round,layer,weights,remaining\n0,a,9,10\n", encoding="utf-8")
    rounds.assign(seconds=float("inf")).to_csv(folders[12] / "rounds.csv", index=False)
    (folders[13] / "config.json").write_text("[" * 100_000, encoding="utf-8")
    tickets = collect_tickets(tmp_path)
    reasons = {int(name.rpartition("-")[2]): reason for name, reason in tickets.left_out}
    expected = {
        2: "rounds.csv", 3: "no val_loss", 4: "every round once", 5: "holds text", 6: "whole number from 0 to 254",
        7: "ends with round 1", 8: "names a layer twice", 10: "no round is done yet",
        11: "fewer weights than remain", 12: "seconds", 13: "damaged",
    }  # fmt: skip
    assert reasons.keys() == expected.keys()
    for seed, words in expected.items():
        assert words in reasons[seed]
    assert dict(zip(tickets.searches.seed, tickets.searches.complete, strict=True)) == {1: True, 9: False}


def test_a_loss_that_is_no_number_is_no_error(tmp_path):
    write_ticket(tmp_path, metrics={"val_loss": float("nan"), "val_accuracy": None})
    write_ticket(tmp_path, number=2, metrics={"val_loss": 10**400})
    folder = write_search(tmp_path, losses=[1.0, float("nan"), float("inf")])
    assert "nan" not in (folder / "rounds.csv").read_text(encoding="utf-8")  # an empty cell
    tickets = collect_tickets(tmp_path)
    assert (len(tickets.runs), len(tickets.searches), tickets.left_out) == (2, 1, [])
    rounds = make_series(tickets.runs)[0].rounds
    assert rounds.accuracy.tolist() == [60.0, 60.0]
    assert rounds.val_loss.isna().all()


def test_chapter_1_s_runs_are_none_of_its_own_and_the_other_way_round(tmp_path):
    write_run(tmp_path)
    write_ticket(tmp_path)
    (write_ticket(tmp_path, seed=2) / "metrics.json").unlink()
    chapter1, chapter2 = collect_runs(tmp_path), collect_tickets(tmp_path)
    assert (len(chapter1.runs), chapter1.left_out) == (1, [])
    assert (len(chapter2.runs), len(chapter2.left_out)) == (1, 1)


def files_of(root):
    return {path.relative_to(root).as_posix() for path in (root / "report").rglob("*") if path.is_file()}


@pytest.mark.slow
def test_a_report_has_the_chapters_that_were_run_and_nothing_of_a_former_one(tmp_path, capsys):
    both, alone = tmp_path / "both", tmp_path / "alone"
    write_run(both)
    write_ticket(both)
    (write_ticket(both, seed=2) / "metrics.json").unlink()
    write_search(both, complete=False)
    assert report(both) == 0
    page = (both / "report" / "index.html").read_text(encoding="utf-8")
    assert page.index('id="table2"') < page.index('id="table5"') < page.index('id="left-out"')
    assert {"report/figure8.pdf", "report/table2.md"} <= files_of(both)
    alone.mkdir()
    (both / "ch2").rename(alone / "ch2")

    assert report(both) == 0
    found = {name for name in files_of(both) if "/pictures/" not in name}
    assert not {name for name in found if any(word in name for word in ("8", "ticket", "searches", "table5"))}
    assert "report/table2.md" in found
    assert "Chapter 2" not in (both / "report" / "index.html").read_text(encoding="utf-8")

    capsys.readouterr()
    assert report(alone) == 0
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        *(f"chapter 2 {group}" for group in ("tables", "figures", "searches", "lists")), "errata", "page", "left out"
    ]  # fmt: skip
    stems = ("table4", "table5", "table6", "ticket-findings", "ticket-parts", "batchnorm", "searches")
    written = {f"report/{stem}.{suffix}" for stem in stems for suffix in ("md", "csv", "tex")}
    written |= {f"report/{name}.{suffix}" for name in ("figure7", "figure8") for suffix in ("png", "pdf")}
    plot = "report/searches/ch2-tickets-fashion_mnist-resnet50-seed-1"
    written |= {f"report/errata.{suffix}" for suffix in ("md", "csv", "tex")}
    written |= {"report/index.html", "report/ticket-rounds.csv", f"{plot}.png", f"{plot}.pdf"}
    assert files_of(alone) == written
    page = (alone / "report" / "index.html").read_text(encoding="utf-8")
    assert "1 search (1 unfinished), 1 trained network, 1 run folder left out" in page
    assert "Fashion-MNIST, ResNet50, seed 1 (unfinished)" in page
    assert "Rijksmuseum" not in page


def test_every_round_is_in_the_list(tmp_path, capsys):
    for seed, right in ((1, 5), (2, 7)):
        write_ticket(tmp_path, number=3, right=right, seed=seed, val=(0.25, 2.0))
    assert report(tmp_path) == 0
    (line,) = pd.read_csv(tmp_path / "report" / "ticket-rounds.csv").to_dict("records")
    found = [
        line[name] for name in ("target", "source", "start", "round", "seeds", "accuracy", "val_accuracy", "val_loss")
    ]
    assert found == ["Human-LBA", "cifar10", "ticket", 3, 2, pytest.approx(60), 25.0, 2.0]
    assert line["high"] - line["low"] == pytest.approx(20 * 2**0.5)
    assert line["batchnorm"] == "momentum 0.99, not recalibrated"


def test_data_of_a_target_is_matched_by_its_name(tmp_path, photographs, capsys):
    folder = write_ticket(tmp_path, target="mine", settings={"data": {"collection": photographs.name}})
    ids = [f"{label}/{number:03d}.jpg" for label in ("etching", "print") for number in range(7)]
    pd.DataFrame({"image_id": ids, "label": "x", "split": "train"}).to_csv(folder / "images.csv", index=False)
    assert report(tmp_path, "--data", photographs) == 0
    assert "report/figure7.png" in files_of(tmp_path)
    write_ticket(tmp_path / "other")
    assert report(tmp_path / "other", "--data", photographs) == 2
    assert "no run is of a collection of this name; there is Human-LBA" in capsys.readouterr().err
