"""The page of results says what the tables beside it say, and of the thesis what its tables say."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import write_results
from maps import beside_others, correlations
from write_results import (
    CLAIMS,
    FOLDER,
    PAGE,
    joined,
    maps,
    of_seeds,
    read,
    remarks,
    rows,
    text,
)

from arttl.published import chapter2
from arttl.published.chapter1 import accuracies
from arttl.published.curves import round_curves


def test_the_page_is_made_from_its_tables():
    assert PAGE.read_text(encoding="utf-8") == text(read(FOLDER))


def test_what_the_readme_cites_stands_there():
    """As "by 56.4 [44.8, 68.0]", and "undecided" where it is."""
    readme = Path(PAGE.parents[1], "README.md").read_text("utf-8")
    cited = [*re.finditer(r"by\s+(-?[\d.]+)\s+\[(-?[\d.]+), (-?[\d.]+)\](, undecided)?", readme)]
    assert len(cited) == 4
    for each in cited:
        point, low, high = map(float, each.groups()[:3])
        cells = {f"{point:+.1f}", f"{low:+.1f} to {high:+.1f}", "undecided" if each[4] else "supported"}
        lines = PAGE.read_text("utf-8").splitlines()
        assert any(cells <= {cell.strip() for cell in line.split("|")} for line in lines), cells


def test_the_published_numbers_are_those_of_the_thesis_tables():
    ours = {1: {"fine-tuning", "off-the-shelf"}, 2: {"cifar10", "fashion_mnist", "scratch", "OWN"}}
    seen = 0
    for claim in CLAIMS.itertuples():
        if not isinstance(claim.published, str) or not (found := re.findall(r"\d+\.\d+", claim.published)):
            continue
        for side, number in zip((claim.better, claim.worse), found, strict=True):
            words = side.split()
            if claim.chapter == 1:
                assert words[1] in ours[1]
                table = accuracies("antwerp" if len(words) == 3 else "rijks")
                assert table["type", "xception", words[1], "".join(words[2:])] == number
            elif words[0] == "search":  # Figure 9c, the highest of a curve
                share = float(words[1].rstrip("%")) / 100
                (curve,) = [each for each in round_curves("9c", "Human-LBA") if each.fraction == share and each.source]
                assert max(curve.percent[1:]) == float(number)
            else:
                source = {"scratch": chapter2.SCRATCH, "OWN": chapter2.OWN}.get(words[0], words[0])
                target = claim.published.partition(":")[0]
                assert chapter2.accuracy(target, chapter2.NETWORK, source)[0] == number
            seen += 1
    assert seen == 24


@pytest.mark.parametrize("seeds", [2, 3])
def test_a_row_of_chapter_2_is_of_seeds_and_pictures(seeds):
    """A hundred pictures; the ticket has ninety of them right with each seed, scratch fifty."""
    table = pd.DataFrame(
        {"seed": seed, "image_id": str(picture), "own ticket best": int(picture < 90), "scratch": int(picture < 50)}
        for seed in range(seeds)
        for picture in range(100)
    )
    claim = next(each for each in CLAIMS.itertuples() if (each.better, each.worse) == ("OWN ticket best", "scratch"))
    (row,) = rows(claim, {"own": table, "other": table.drop(columns="scratch")}, of_seeds)
    assert row[2:4] == ["own", "+40.0"]
    assert row[-3:] == ["100", f"{seeds} seeds", "supported" if seeds == 3 else "undecided"]
    (row,) = rows(claim, {}, of_seeds)
    assert row[-1] == "not measured"


def test_maps_are_averaged_over_pictures():
    table = pd.DataFrame({"kind": "right both times", "images": [10, 30, 0], "same": [0.5, 0.9, float("nan")]})
    lines = maps(table.assign(another=table.same))
    cells = lines[1].splitlines()[-1].split("|")[1:-1]
    assert [cell.strip() for cell in cells] == ["right both times", "40", "0.800", "0.800"]
    assert maps(None) == []
    np.testing.assert_allclose(correlations(np.array([[1, 2, 3, 4]]), np.array([[1, 4, 9, 8]])), 0.8)


def test_maps_of_other_folds_stay(tmp_path):
    path = tmp_path / "maps.csv"
    of = {"pictures": "louvre", "kind": "right both times", "images": 3}
    pd.DataFrame([{"fold": 1, "same": 0.5} | of, {"fold": 2, "same": 0.6} | of]).to_csv(path, index=False)
    found = beside_others(pd.DataFrame([{"fold": 2, "same": 0.7} | of, {"fold": 3, "same": 0.8} | of]), path)
    assert list(zip(found.fold, found.same, strict=True)) == [(1, 0.5), (2, 0.7), (3, 0.8)]
    assert beside_others(found, tmp_path / "none.csv") is found


def test_both_ways_of_batchnormalization_are_compared_on_the_same_pictures():
    """Recalibrated, one seed's run has one picture more right of two: 50 points, of one seed of two 25."""
    table = pd.DataFrame({"seed": [1, 1, 2, 2], "image_id": ["a", "b"] * 2, "cifar10 ticket best": [1, 0, 1, 1]})
    tickets = {"cells": table, "cells-recalibrated": table.assign(**{"cifar10 ticket best": 1})}
    assert [*joined(tickets)] == ["cells (both)"]
    claim = next(each for each in CLAIMS.itertuples() if each.better == "cifar10 ticket best, recalibrated")
    ((_, _, pictures, points, _, _, of, _),) = rows(claim, tickets | joined(tickets), of_seeds)
    assert (pictures, points, of) == ("cells (both)", "+25.0", "2 seeds")


def test_ways_that_say_one_class_and_ways_that_are_alike_are_told():
    runs = pd.DataFrame({"data": "louvre", "challenge": "genre", "fold": [1, 2, 1], "way": ["scratch"] * 2 + ["tuned"]})
    runs = runs.assign(test_accuracy=[0.25, 0.5, 0.75], majority_accuracy=0.25)
    table = pd.DataFrame({"image_id": ["a", "b"], "fold": [1, 2], "2.1.2": [1, 0], "2.1.6": [1, 0], "today": [1, 1]})
    assert [line.strip() for line in remarks(runs, {"louvre-genre": table})] == [
        "No better than the commonest class alone: louvre-genre, scratch, 1 of 2 runs.",
        "Right and wrong alike on all 2 pictures: louvre-genre, 2.1.2 and 2.1.6.",
    ]


def test_accuracies_count_pictures_not_networks():
    table = pd.DataFrame({"seed": [1, 1, 2, 2], "image_id": ["a", "b"] * 2, "scratch": [1, 0, 1, 0]})
    ((name, way, accuracy, _, tested, of),) = write_results.accuracies("cells", table, "seed")
    assert (name, way, accuracy, tested, of) == ("cells", "scratch", "50.0", "2", "2 seeds")
