"""The units of the evidence: their command lines, printed by `echo` in Python's place."""

import os
import subprocess
from itertools import pairwise
from pathlib import Path

UNITS = Path(__file__).parents[2] / "tools" / "evidence" / "units.sh"


def commands(folder, *parts, **variables):
    """The command lines of the experiments, each as a dict of option to its first value."""
    environ = os.environ | {"PYTHON": "echo"} | variables
    done = subprocess.run(["bash", UNITS, folder, *parts], capture_output=True, text=True, check=True, env=environ)
    found = []
    for line in done.stdout.splitlines():
        if line.startswith("experiments/"):
            words = line.split()
            found.append({word: then for word, then in pairwise(words) if word.startswith("--")})
    return found


def test_collections_whose_folds_have_one_name_have_splits_of_their_own(tmp_path):
    """The split of clipart-a's type-fold-1 once stood where that of clipart-b's was looked for, and was refused."""
    places = {}
    parts = ("features", "louvre", "clipart", "second", "clipart_artist", "bundled", "bundled_artist")
    for line in commands(tmp_path, *parts):
        places.setdefault((line["--splits"], Path(line["--data"]).name), set()).add(line["--data"])
    assert places
    assert all(len(each) == 1 for each in places.values())


def test_a_network_of_another_name_has_folders_of_its_own(tmp_path):
    of_xception, of_resnet50 = commands(tmp_path, "clipart", FOLDS="2"), commands(tmp_path, "bundled", FOLDS="2")
    assert {line["--architecture"] for line in of_xception} == {"xception"}
    assert {line["--architecture"] for line in of_resnet50} == {"resnet50"}
    outputs = [{line["--output"] for line in lines} for lines in (of_xception, of_resnet50)]
    assert not outputs[0] & outputs[1]


def test_runs_of_one_target_are_of_one_precision(tmp_path):
    """Baselines that stand in for each other would be those of whichever ran last."""
    precisions = {}
    for line in commands(tmp_path, "own", "transfers", "recalibrated", "folded", "fashion"):
        precisions.setdefault(line.get("--target", line.get("--source")), set()).add(line["--precision"])
    assert precisions["louvre-genres-float32"] == {"float32"}
    assert all(len(each) == 1 for each in precisions.values())


def test_every_target_is_trained_from_scratch_too(tmp_path):
    """Fashion-MNIST's, in float32, once were not: there was nothing to compare its tickets with."""
    with_scratch = {}
    for line in commands(tmp_path, "own", "transfers", "recalibrated", "folded", "fashion"):
        if "--target" in line:
            of_own = line["--source"] == "target" and "--baselines" not in line  # both baselines, by default
            said = with_scratch.setdefault(line["--target"], set())
            said.add(of_own or line.get("--baselines") == "scratch")
    assert {"louvre-genres", "louvre-genres-fold-5", "louvre-genres-float32"} <= with_scratch.keys()
    assert all(True in said for said in with_scratch.values())


def test_shares_of_the_paintings_are_searched_alike(tmp_path):
    """Figure 9c: what differs is the share; a search's folder names it, all but the whole's."""
    searches = commands(tmp_path, "shares", SEEDS="2")
    assert [line["--fraction"] for line in searches] == ["1", "0.75", "0.5", "0.25"]
    assert len({tuple(sorted((line | {"--fraction": ""}).items())) for line in searches}) == 1
    assert {(line["--source"], line["--precision"]) for line in searches} == {("louvre-genres-shares", "float32")}
