"""Which format a folder is in, --format, --unknown-labels, and CSVs that hold anything."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest
from collection_files import plain, record, refusal, touch, write
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from arttl.cli.options import FORMAT_NAMES
from arttl.cli.parsers import chapter1_parser
from arttl.collections import FORMATS, open_collection
from arttl.collections.csv_file import read_csv
from arttl.recipes import get_recipe
from arttl.transfer.plan import RunSpec

CSV = "ImageId,dc_creator,dc_type\na.jpg, c, csv\nb.jpg, anoniem, csv\n"


def everything(folder):
    """A folder that is in every format at once, as a user's can be after several downloads."""
    touch(folder, "wikiart/S/a.jpg")
    touch(folder / "jpg2", "a.jpg", "b.jpg")
    for part in ("train", "val"):
        write(folder / f"genre_{part}.csv", "S/a.jpg,0\n")
    write(folder / "genre_class.txt", "0 wikiart\n")
    write(folder / "m" / "m.csv", CSV)
    for name in "ab":
        write(folder / "xml2" / f"{name}.xml", record(("type", "xml"), ("creator", f"schilder: {name}")))
    gt = {"set": [1.0, 2.0], "T": [1.0, 1.0], "Tnames": ["mat"], "C": [1.0, 2.0], "Cnames": ["c", "anoniem"]}
    savemat(folder / "rijksgt.mat", {"gt": {key: _cells(value) for key, value in gt.items()}})


def _cells(values):
    return np.array(values, object if isinstance(values[0], str) else float).reshape(-1, 1)


def label(folder, **options):
    return set(open_collection(folder, "type", **options).labels("type"))


def test_the_order_of_detection(tmp_path):
    everything(tmp_path)
    assert label(tmp_path) == {"wikiart"}
    for name in ("genre_train.csv", "genre_val.csv"):
        (tmp_path / name).unlink()
    (tmp_path / "m" / "m.csv").rename(tmp_path / "m.csv")
    assert label(tmp_path) == {"csv"}
    (tmp_path / "m.csv").unlink()
    assert label(tmp_path) == {"xml"}
    for path in (tmp_path / "xml2").iterdir():
        path.unlink()
    assert label(tmp_path) == {"mat"}
    (tmp_path / "rijksgt.mat").unlink()
    assert label(tmp_path) == {"jpg2", "wikiart"}


def test_metadata_decides_before_what_lies_in_the_folder(tmp_path):
    everything(tmp_path)
    for metadata, expected in (("m/m.csv", "csv"), ("xml2", "xml"), ("rijksgt.mat", "mat"), (".", "wikiart")):
        assert label(tmp_path, metadata=tmp_path / metadata) == {expected}
    single = {"metadata": tmp_path / "xml2" / "a.xml"}
    assert open_collection(tmp_path, "type", **single).labels("type").to_dict() == {"a.jpg": "xml"}
    assert f"metadata={tmp_path / 'jpg2'} is in no known format" in refusal(tmp_path, metadata=tmp_path / "jpg2")


def test_a_named_format_is_used_or_says_what_it_looked_for(tmp_path):
    everything(tmp_path)
    named = {"wikiart": "wikiart", "rijks-xml": "xml", "rijksgt": "mat"}
    for name, expected in named.items():
        assert label(tmp_path, format=name) == {expected}
    assert label(tmp_path, format="dublin-core-csv", metadata=tmp_path / "m" / "m.csv") == {"csv"}
    empty = tmp_path / "jpg2"
    for each in FORMATS[:-1]:
        message = refusal(empty, format=each.name)
        assert message == f"format={each.name} looks for {each.looks_for}; {empty} has no such thing"
    assert "choose one of wikiart," in refusal(tmp_path, format="zip")
    message = refusal(tmp_path, format="rijks-xml", image_column="a", label_column="b")
    assert 'go with format="csv", not rijks-xml' in message


def test_class_folders_with_other_xml_files_stay_class_folders(tmp_path):
    touch(tmp_path, "x/a.jpg", "y/b.jpg")
    write(tmp_path / "annotations.xml", "<annotation/>")
    assert label(tmp_path) == {"x", "y"}


def test_antwerps_csv_has_no_material(tmp_path):
    touch(tmp_path, "a.jpg", "b.jpg")
    write(tmp_path / "antwerp.csv", CSV)
    collection = open_collection(tmp_path, "artist")
    assert collection.challenges == ("type", "artist")
    assert collection.labels("artist").to_dict() == {"a.jpg": "c"}


# --- what counts as unknown


def test_unknown_labels_are_a_setting(tmp_path):
    names = ["", "anoniem", " Unknown ", "x", "y"]
    touch(tmp_path, *(f"{number}.jpg" for number in range(5)))
    write(tmp_path / "m.csv", "file,kind\n" + "".join(f"{n}.jpg,{name}\n" for n, name in enumerate(names)))
    default = plain(tmp_path)
    assert default.labels("type").tolist() == ["Unknown", "x", "y"]
    assert default.settings == {}
    other = plain(tmp_path, unknown_labels=["UNKNOWN", "x"])
    assert other.labels("type").tolist() == ["anoniem", "y"]
    assert other.settings == {"unknown_labels": ["", "unknown", "x"]}
    assert "3 images without type (blank or 'unknown' or 'x')" in other.notes
    assert plain(tmp_path, unknown_labels=[]).labels("type").tolist() == ["anoniem", "Unknown", "x", "y"]
    assert other.fingerprint("type") != default.fingerprint("type")


@pytest.mark.parametrize("name", ["class-folders", "rijks-xml", "rijksgt", "dublin-core-csv"])
def test_unknown_labels_reach_every_format(tmp_path, name):
    everything(tmp_path)
    unknown = {"class-folders": "xml2", "rijks-xml": "xml", "rijksgt": "mat", "dublin-core-csv": "csv"}[name]
    metadata = tmp_path / "m" / "m.csv" if name == "dublin-core-csv" else None
    options = {"format": name, "metadata": metadata, "unknown_labels": [unknown]}
    touch(tmp_path, "xml2/a.jpg")
    assert unknown not in label(tmp_path, **options)


def test_the_command_line_takes_what_open_collection_takes():
    assert tuple(each.name for each in FORMATS) == FORMAT_NAMES
    parser = chapter1_parser("x", ("type",))
    options = parser.parse_args(["--challenge", "type", "--unknown-labels", "a", "b c", "--format", "omniart"])
    assert (options.unknown_labels, options.format, options.split) == (["a", "b c"], "omniart", None)
    assert parser.parse_args(["--challenge", "type", "--unknown-labels"]).unknown_labels == []


def test_unknown_labels_are_recorded_and_need_data(script, photographs):
    arguments = ["--challenge", "type", "--approach", "off-the-shelf", "--weights", "bundled", "--dry-run"]
    code, _, err = script("--data", photographs, *arguments, "--architecture", "resnet50", "--unknown-labels", "none")
    assert code == 0, err
    code, _, err = script(*arguments, "--unknown-labels", "none")
    assert code == 2
    assert "--unknown-labels goes with --data DIR" in err
    spec = RunSpec("type", "resnet50", get_recipe("thesis", "off-the-shelf"), "none", 32, 42, None)
    for options, expected in (({}, None), ({"unknown_labels": ["none"]}, ["", "none"])):
        collection = open_collection(photographs, "type", **options)
        data = SimpleNamespace(
            collection=collection,
            files=SimpleNamespace(fingerprint=""),
            split=SimpleNamespace(fingerprint="", classes=[]),
        )
        assert spec.settings(data).get("unknown_labels") == expected


# --- CSVs that hold anything

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=6), st.sampled_from(",;\t"), st.booleans())
def test_csv_round_trip(tmp_path_factory, rows, delimiter, mark):
    path = tmp_path_factory.mktemp("csv") / "m.csv"
    with open(path, "w", newline="", encoding="utf-8-sig" if mark else "utf-8") as file:
        csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("a", "b", "c"), *rows])
    expected = [row for row in rows if any(field.strip() for field in row)]
    if not expected:
        return
    assert list(read_csv(path).itertuples(index=False, name=None)) == expected


def test_a_million_character_label_in_a_csv(tmp_path):
    touch(tmp_path, "a.jpg", "b.jpg")
    limit = csv.field_size_limit()
    write(tmp_path / "m.csv", f"file,kind\na.jpg,{'x' * 1_000_000}\nb.jpg,y\n")
    assert plain(tmp_path).labels("type").to_dict() == {"a.jpg": "x" * 1_000_000, "b.jpg": "y"}
    write(tmp_path / "m.csv", f'file,kind\na.jpg,"{"x" * 1_000_000}\nb.jpg,y\n')
    message = refusal(tmp_path, image_column="file", label_column="kind")
    assert "m.csv row 2" in message
    assert len(message) < 500
    assert csv.field_size_limit() == limit
