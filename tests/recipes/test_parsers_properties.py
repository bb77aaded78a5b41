"""Whatever a file holds, a parser reads it right or refuses it in one line. Pickles, IDX: test_sources_hostile.py."""

import csv
import io
import math
import ntpath
import os
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from collection_files import record, touch, write
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from arttl.base.errors import InputError
from arttl.base.files import write_table
from arttl.base.names import safe_name
from arttl.collections import labels_fingerprint, read_wikiart
from arttl.collections.csv_file import csv_text, read_csv
from arttl.collections.dublin_core_csv import decode_escapes
from arttl.collections.image_folder import find_images
from arttl.collections.match import match_ids
from arttl.collections.oai_xml import read_records
from arttl.images.sparse_file import SparseFile
from arttl.runs import RunFolder
from arttl.splits import load_split, make_split, save_split


def examples(*strategies):
    return lambda test: settings(deadline=None, max_examples=60)(given(*strategies)(test))


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
ROWS = st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that the examples of this file share, so that each must write whatever it reads."""
    return tmp_path_factory.mktemp("examples")


def refused_or(read, *arguments):
    """What is read, or None where it is refused in one printable line."""
    try:
        return read(*arguments)
    except InputError as error:
        message = str(error)
    assert message.isprintable()
    assert len(message) < 1000
    return None


# --- CSV


@examples(ROWS, st.sampled_from(",;\t"), st.booleans())
def test_what_pythons_csv_writes_is_read_back(folder, rows, delimiter, mark):
    assume(any("".join(row).strip() for row in rows))
    with open(folder / "m.csv", "w", newline="", encoding="utf-8-sig" if mark else "utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([("a", "b", "c"), *rows])
    expected = [row for row in rows if any(field.strip() for field in row)]
    assert list(read_csv(folder / "m.csv").itertuples(index=False, name=None)) == expected


@examples(ROWS)
def test_what_is_written_is_read_back_by_python_and_by_pandas(folder, rows):
    text = csv_text([("a", "b", "c"), *rows])
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["a", "b", "c"], *map(list, rows)]
    table = pd.read_csv(io.StringIO(text, newline=""), dtype=str, keep_default_na=False, skip_blank_lines=False)
    assert list(table.itertuples(index=False, name=None)) == rows


HEADS = st.sampled_from([b"", b"a,b\n", b'"a";b\n', b"\xef\xbb\xbfa\tb\r\n", b"\xff\xfe"])


@examples(HEADS, st.binary(max_size=60) | st.text('ab,;\t\n\r" ', max_size=40).map(str.encode))
def test_any_bytes_are_a_csv_or_refused(folder, head, content):
    (folder / "m.csv").write_bytes(head + content)
    table = refused_or(read_csv, folder / "m.csv")
    assert table is None or (len(table) and all(isinstance(value, str) for value in table.to_numpy().ravel()))


@examples(st.text(st.characters(codec="utf-8", exclude_characters="\\"), max_size=20), st.randoms())
def test_escaped_bytes_are_decoded(text, random):
    def escaped(letter):
        form = random.choice(["\\x{:02x}", "\\x{:02X}"])
        return letter if letter.isascii() else "".join(form.format(byte) for byte in letter.encode())

    assert decode_escapes("".join(map(escaped, text))) == text
    assert decode_escapes(text) == text


# --- XML


@examples(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4), st.integers(0, 10_000))
def test_a_record_changed_anywhere_is_read_or_refused(folder, changes, length):
    content = bytearray(
        record(("creator", "schilder: Boëtius"), ("type", "prent"), ("format", "materiaal: papier")), "utf-8"
    )
    for position, byte in changes:
        content[position % len(content)] = byte
    (folder / "r.xml").write_bytes(content[: length if length % 2 else None])
    found = refused_or(lambda: [each for _, records in read_records([folder / "r.xml"]) for each in records])
    assert found is None or all(value.strip() for each in found for values in each.fields.values() for value in values)


@examples(st.binary(max_size=60))
def test_any_bytes_are_xml_or_refused(folder, content):
    (folder / "r.xml").write_bytes(content)
    assert refused_or(lambda: [records for _, records in read_records([folder / "r.xml"])]) in (None, [[]])


# --- ids and names


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    touch(data, "outside.jpg", "images/a.jpg", "images/b/a.jpg", "images/b/a.png", "images/c..d.jpg")
    (data / "images" / "link").symlink_to(data)
    return find_images(data)


PARTS = st.sampled_from(["..", ".", "", "a", "a.jpg", "b", "link", "outside.jpg", "images", "c..d", "C:", "\0", "~"])


@examples(st.lists(PARTS, min_size=1, max_size=5), st.sampled_from(["/", "\\"]))
def test_no_id_leaves_the_folder(images, parts, slash):
    image_id = slash.join(parts)
    found = refused_or(match_ids, pd.Series({2: image_id}), images, "m.csv")
    # ntpath knows both slashes, and drives.
    leads_out = ".." in parts or ntpath.splitdrive(image_id)[0] or image_id[:1] in ("/", "\\")
    if "\0" in parts:
        assert found is None
    elif found is not None and found.files[0] is None:
        assert not leads_out  # such an id is refused if it names nothing in the folder
    elif found is not None:
        file = found.files[0]
        assert file in images.images
        assert os.path.realpath(images.path(file)).startswith(images.root + "/")
        plain = "/".join(part for part in parts if part not in ("", ".", "..")).removeprefix("images/")
        if plain not in (file, os.path.splitext(file)[0]) or leads_out:
            last = plain.split("/")[-1]
            assert os.path.splitext(os.path.basename(file))[0] in (last, os.path.splitext(last)[0])
            assert found.notes


NAME = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1, max_size=12)


@examples(st.dictionaries(st.integers(0, 99), NAME.map(str.strip).filter(len), min_size=2, max_size=5))
def test_wikiarts_class_lists(tmp_path_factory, names):
    data = tmp_path_factory.mktemp("wikiart")
    touch(data, *(f"{number}.jpg" for number in names))
    write(data / "artist_class.txt", "".join(f"{number} {name}\n" for number, name in names.items()))
    first, *others = (f"{number}.jpg,{number}\n" for number in names)
    write(data / "artist_train.csv", "".join(others))
    write(data / "artist_val.csv", first)
    collection = read_wikiart(data, find_images(data), challenge="artist", unknown_labels=frozenset({""}))
    assert collection.labels("artist").to_dict() == {f"{number}.jpg": name for number, name in names.items()}


ANY_NAME = st.text(max_size=90) | st.text("aB.- \udce9", max_size=6) | st.sampled_from(["con", "NUL.txt", "..", "com1"])


@examples(st.lists(ANY_NAME, min_size=2, max_size=2, unique=True))
def test_safe_names_are_file_names_and_differ(names):
    one, other = map(safe_name, names)
    assert one != other
    for name in (one, other):
        assert name.isprintable()
        assert 0 < len(name.encode()) <= 255
        assert not re.search(r"[/\\:*?\"<>|]|^[ .-]|[ .-]$", name)
        assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name)


# --- splits

LABELS = st.lists(st.sampled_from(["a", "b", "c"]) | TEXT, min_size=6, max_size=60)


@examples(LABELS, st.randoms())
def test_the_fingerprint_knows_no_order_but_each_change(labels, random):
    pairs = [(f"{number}.jpg", label) for number, label in enumerate(labels)]
    expected = labels_fingerprint(pd.Series(dict(pairs)))
    row = random.randrange(len(pairs))
    changed = dict(pairs) | {pairs[row][0]: pairs[row][1] + "x"}
    random.shuffle(pairs)
    assert labels_fingerprint(pd.Series(dict(pairs))) == expected
    assert labels_fingerprint(pd.Series(changed)) != expected


@examples(LABELS, st.integers(0, 2**32 - 1), st.sampled_from(["thesis", "released"]))
def test_the_parts_of_a_split_divide_its_images(folder, labels, seed, preset):
    labels = pd.Series(labels, index=[f"{number:03}" for number in range(len(labels))])
    split = refused_or(lambda: make_split(labels, preset=preset, seed=seed))
    if split is None:
        return
    parts = [split.ids(part) for part in ("train", "validation", "test")]
    kept = sorted(image_id for ids in parts for image_id in ids)
    assert kept == split.table.image_id.tolist()
    assert len(set(kept)) == len(kept) == len(labels) - sum(split.dropped.values())
    if preset == "released":
        held_out = math.ceil(0.2 * len(labels))  # as scikit-learn's train_test_split documents its sizes
        assert list(map(len, parts)) == [len(labels) - held_out, held_out // 2, math.ceil(held_out / 2)]
        assert kept == labels.index.tolist()
    else:
        assert all(set(labels[ids]) == set(split.classes) for ids in parts)
        assert set(labels) - set(split.classes) == set(split.dropped)
    save_split(split, folder / "s.csv")
    pd.testing.assert_frame_equal(load_split(folder / "s.csv").table, split.table)


@pytest.mark.parametrize(
    "label", ["a\rb\nc", "x" * 200_000, "a\0b", "\x1b[31m\u202e"], ids=["line ends", "long", "nul", "terminal"]
)
def test_odd_labels_come_back_from_all_that_a_run_writes(tmp_path, label):
    labels = pd.Series({f"{number:02}.jpg": (label, "other")[number % 2] for number in range(60)})
    split = make_split(labels)
    about = {"collection": os.fsdecode(b"caf\xe9"), "challenge": label}  # a folder's name in Latin-1
    save_split(replace(split, settings=about), tmp_path / "s.csv")
    assert load_split(tmp_path / "s.csv").settings == {"min_images": 1} | about
    assert load_split(tmp_path / "s.csv").table.label.tolist() == split.table.label.tolist()
    table = pd.DataFrame({"image_id": labels.index, "label": labels, "predicted": labels, "probability": 0.5})
    write_table(tmp_path / "predictions.csv", table)
    assert RunFolder(tmp_path).predictions().label.tolist() == labels.tolist()
    RunFolder(tmp_path).write_config({"settings": about})
    assert RunFolder(tmp_path).read_config()["settings"] == about


# --- the file in memory that stores are laid out in

STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "read", "truncate"]), st.integers(0, 20_000), st.integers(0, 9_000)),
    max_size=12,
)


@examples(STEPS)
def test_a_sparse_file_is_a_file(folder, steps):
    sparse, plain = SparseFile(), io.BytesIO()
    for number, (what, position, count) in enumerate(steps):
        content = np.random.default_rng(number).bytes(count)
        for file in (sparse, plain):
            file.seek(position)
            if what == "write":
                file.write(content)
        if what == "read":
            assert sparse.read(count) == plain.read(count)
        elif what == "truncate":
            size = max(position, len(plain.getvalue()))  # HDF5 only ever makes a file longer
            plain.write(bytes(size - len(plain.getvalue()))) if plain.seek(0, 2) < size else None
            assert sparse.truncate(size) == size
    sparse.save(folder / "file")
    assert (folder / "file").read_bytes() == plain.getvalue()
