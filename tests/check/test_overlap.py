"""Labels that two collections share."""

import sys

import pandas as pd
import pytest

from arttl.check.overlap import overlap_line
from arttl.cli import run_main
from arttl.cli.commands import main, main_parser


def test_label_overlap_exact_and_normalised():
    source = pd.Series(["Prent", "boek", "boek", "munt"])
    line = overlap_line("type", source, pd.Series(["prent", "boek", "foto", "foto", "kaart"]))
    assert line == (
        "type: 25.0% of the target's classes (1 of 4); 50.0% (2) without regard to case, blanks and accents"
    )


def test_overlap_of_the_bundled_collections_is_as_documented(monkeypatch, capsys):
    from arttl.collections.bundled import DATA

    monkeypatch.setattr(sys, "argv", ["arttl", "overlap", str(DATA / "clipart-a"), str(DATA / "clipart-b")])
    with pytest.raises(SystemExit) as end:
        run_main(main, main_parser(), keras=False)
    out = capsys.readouterr().out
    assert (end.value.code, len(out.splitlines())) == (0, 2)
    assert "type: 66.7% of the target's classes (10 of 15)" in out  # docs/data.md
    assert "artist: 0.0% of the target's classes (0 of 158)" in out


def test_overlap_of_two_csvs_with_named_columns(tmp_path, monkeypatch, capsys):
    for name, labels in {"first": ["print", "poster"], "second": ["Print", "poster", "map", "coin"]}.items():
        (tmp_path / name / "images").mkdir(parents=True)
        rows = "".join(f"{number}.png,{label}\n" for number, label in enumerate(labels))
        (tmp_path / name / "list.csv").write_text(f"file,kind\n{rows}")
        for number in range(len(labels)):
            (tmp_path / name / "images" / f"{number}.png").touch()
    columns = ["--image-column", "file", "--label-column", "kind"]
    monkeypatch.setattr(sys, "argv", ["arttl", "overlap", str(tmp_path / "first"), str(tmp_path / "second"), *columns])
    with pytest.raises(SystemExit) as end:
        run_main(main, main_parser(), keras=False)
    assert not end.value.code
    out = capsys.readouterr().out
    assert out.startswith("type: 25.0% of the target's classes (1 of 4); 50.0% (2) without regard to case")
