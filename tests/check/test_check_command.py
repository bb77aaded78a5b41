"""What the command check takes and refuses, and what it compares a collection with."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checked import kinds, types_of, write_rows

from arttl.check.findings import Finding, write_findings
from arttl.check.metadata import challenge_facts
from arttl.collections.table import Collection


def test_the_report_goes_where_it_is_told(check, folder):
    out = check(folder, "--metadata-only", "--output", "results")[1]
    assert "in results/check-museum.csv" in out
    assert "in x.xlsx" in check(folder, "--metadata-only", "--report", "x.xlsx")[1]
    assert not list(Path(".").glob("*.csv"))


def test_a_challenge_that_cannot_be_split(check, folder):
    write_rows(folder, dict.fromkeys(types_of(folder), "print"))
    code, out, findings = check(folder, "--metadata-only")
    assert (code, kinds(findings)) == (1, {"cannot-split"})
    assert "cannot be split: too few images to split" in out


def test_metadata_only_opens_no_image(check, folder):
    (folder / "images" / "08.png").write_bytes(b"")
    code, out, findings = check(folder, "--metadata-only")
    assert (code, findings) == (0, [])
    assert "corrupt files and duplicates were not looked for" in out


@pytest.mark.parametrize("arguments", [["nowhere"], ["--challenge", "material"], ["--format", "rijksgt"]])
def test_bad_input_ends_with_2_and_writes_nothing(check, folder, arguments):
    code, _, findings = check(*([folder] if arguments[0] != "nowhere" else []), *arguments)
    assert (code, findings) == (2, [])
    assert not list(folder.parent.joinpath("here").iterdir())


def test_an_unwritable_report_is_named(folder, check):
    assert check(folder, "--metadata-only", "--report", folder / "nowhere" / "report.csv")[0] == 2


def test_file_names_that_are_not_utf_8_are_reported_as_their_bytes(tmp_path):
    name = os.fsdecode(b"no\xebl, 1.jpg")  # Latin-1
    write_findings(tmp_path / "findings.csv", [Finding("corrupt", "", name, "é"), Finding("missing", item="b")])
    expected = b'\xef\xbb\xbfkind,challenge,item,detail,group\ncorrupt,,"no\xebl, 1.jpg",\xc3\xa9,\nmissing,,b,,\n'
    assert (tmp_path / "findings.csv").read_bytes() == expected


def test_table_4_is_compared_by_the_folders_name(check, tmp_path):
    data = tmp_path / "bone_marrow"
    for part in ("train", "val", "test"):
        for label in ("a", "b"):
            (data / part / label).mkdir(parents=True)
            (data / part / label / "1.png").touch()
    code, out, _ = check(data, "--metadata-only")
    assert code == 0
    assert "unlike Table 4: train has 2 images, not 522; validation has 2 images, not 130" in out


def test_table_1_beside_a_collection_of_about_its_size():
    labels = [f"class {number}" for number in np.arange(24_000) % 900]
    table = pd.DataFrame({"image_id": [f"{number:06d}" for number in range(24_000)], "path": "", "type": labels})
    facts = challenge_facts(Collection("mine", table, ("type",)), "type", 42)
    assert facts.published == [("Antwerp", 23_797, 920)]
    assert facts.tail == {"1 image": 0, "2-9": 0, "10-99": 900, "100 or more": 0}


def test_bundled_clipart_is_sound(check):
    from arttl.collections.bundled import DATA

    code, out, findings = check(DATA / "clipart-a")
    assert (code, kinds(findings)) == (0, {"dropped"})
    assert "after the split filter: N_t 1,102, Q_t 13 (883 train, 111 validation, 108 test)" in out  # docs/data.md
    left = "13 of 14 classes and 1,102 of 1,109 images of type, 15 of 161 classes and 869 of 1,109 images of artist"
    assert f"the split leaves classes out: {left} are left to train on; 147 findings in" in out


def children_seconds():
    """What processes that were started here, and have ended, took of a core."""
    times = os.times()
    return times.children_user + times.children_system


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"]])
def test_help_imports_nothing_slow(arguments):
    code = (
        "import runpy, sys; sys.argv = ['arttl', *sys.argv[1:]]\n"
        "try: runpy.run_module('arttl', run_name='__main__')\n"
        "finally: print(sorted({'keras', 'pandas', 'numpy', 'sklearn'} & set(sys.modules)))"
    )
    before = children_seconds()
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert children_seconds() - before < 2  # a tenth where nothing else runs
    assert "check" in done.stdout
    assert done.stdout.endswith("[]\n")
