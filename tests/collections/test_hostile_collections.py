"""Hostile collections as a user meets them, by `python -m arttl check`: one clear line, or a right reading.

Out of scope: cells that a spreadsheet would run as formulas. Labels are written as they are, for pandas to read.
"""

import os
import shutil
import subprocess
import sys

import pytest
from collection_files import record, touch, write
from hostile import IMAGES, REPOSITORY, assert_checked, assert_refused, check_all, labelled, pictures

from arttl.collections import open_collection

MILLION = "x" * 1_000_000
ODD = {
    "newline": "a\nb",
    "carriage return": "a\rb",
    "nul": "a\0b",
    "bidi control": "a\u202eb",
    "terminal escape": "a\x1b[31mb\x1b]0;title\x07",
    "line separator": "a\u2028b\x85c\x0bd",
    "quotes": 'a"b,c;d\te',
    "million": MILLION,
}


def table(content):
    """A data folder with a CSV of these bytes or this text."""

    def make(data):
        pictures(data / "images")
        (data / "m.csv").write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def xml(content, first=""):
    """A data folder with good records and one of this content: text, or a template for record's text."""

    def make(data):
        pictures(data / "jpg2")
        for number in range(IMAGES):
            write(data / "xml2" / f"{number:02d}.xml", record(("type", "ab"[number % 2])))
        write(data / "xml2" / "00.xml", first + content)

    return make


def pipe(name, make=None):
    def with_pipe(data):
        (make or table("ImageId,dc_type\n"))(data)
        (data / name).unlink(missing_ok=True)
        (data / name).parent.mkdir(exist_ok=True)
        os.mkfifo(data / name)

    return with_pipe


def wikiart(data):
    pictures(data)
    write(data / "artist_train.csv", "00.png,1\n")
    write(data / "artist_class.txt", "1 Rembrandt\n")


def no_table(data):
    pictures(data / "images")


def in_record(text):
    return record(("type", "a")).replace("<metadata>", f"{text}<metadata>")


def rows(encoding):
    return "ImageId,dc_type\n00.png,é\n".encode(encoding)


BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>\n'
EXTERNAL = '<!DOCTYPE r [<!ENTITY b SYSTEM "file:///etc/passwd">]>\n'
ATTRIBUTES = " ".join(f"a{number}='x'" for number in range(100_000))
WIDE = ",".join(["ImageId", *(f"column {number}" for number in range(5000)), "dc_type"])

REFUSED = {
    # name: (what makes the data folder, arguments, parts of the line)
    "metadata is a device": (no_table, ["--metadata", "/dev/zero"], ["/dev/zero cannot be read (it is not a regular"]),
    "metadata is a pipe": (pipe("m.csv"), ["--metadata", "../data/m.csv"], ["m.csv cannot be read (it is not a regul"]),
    "XML is a pipe": (pipe("a.xml", no_table), ["--metadata", "../data/a.xml"], ["a.xml cannot be read (it is not a"]),
    "MAT is a pipe": (pipe("rijksgt.mat", no_table), [], ["rijksgt.mat cannot be read (it is not a regular file)"]),
    "a list is a pipe": (pipe("artist_val.csv", wikiart), [], ["artist_val.csv cannot be read (it is not a regular"]),
    "half a letter of UTF-16": (
        table(rows("utf-16") + b"a"),
        [],
        ["m.csv line 1: byte 0xff is not UTF-8; save the file as UTF-8 CSV"],
    ),
    "UTF-8 and Latin-1": (
        table(rows("utf-8") + rows("latin-1")),
        [],
        ["m.csv line 4: byte 0xe9 is not UTF-8; save the file as UTF-8 CSV"],
    ),
    "10 MB of commas": (table("x," * 5_000_000), [], ["m.csv: 5,000,001 columns, more than 4,096; keep those"]),
    "5,000 columns": (table(f"{WIDE}\n00.png{',' * 5000},a\n"), [], ["m.csv: 5,002 columns, more than 4,096"]),
    "10 MB in one quote": (table('ImageId,dc_type\n"' + "a," * 5_000_000), [], ["m.csv row 2: ", "correct the quotes"]),
    "10 MB of quotes": (table('"' * 9_999_999), [], ["m.csv row 1: ", "correct the quotes"]),
    "JSON for CSV": (table('{"a": [1, 2, {"b": "c"}]}\n'), [], ["m.csv has no rows; it needs a header and one row an"]),
    "zeros for CSV": (table(bytes(1000)), [], ["m.csv is no text, or UTF-16; save the file as UTF-8 CSV"]),
    "picture for CSV": (table(b"\x89PNG\r\n\x1a\n\0\0"), [], ["m.csv line 1: byte 0x89 is not UTF-8"]),
    "id that climbs out": (table("ImageId,dc_type\n../m.csv,a\n"), [], ["m.csv row 2: image id '../m.csv' leads out"]),
    "entity bomb": (xml(record(("type", "&b;")), BOMB), [], ["00.xml has a document type definition or entities"]),
    "external entity": (xml(record(("type", "&b;")), EXTERNAL), [], ["00.xml has a document type definition or ent"]),
    "JSON for XML": (xml('{"a": [1, 2]}'), [], ["00.xml is not well-formed XML", "fetch or mend the file"]),
    "nothing but depth": (xml("<a>" * 100_000 + "</a>" * 100_000), [], ["00.xml holds no record of Dublin Core"]),
    "comment without end": (xml(in_record("<!--" + "y" * 40_000_000)), [], ["00.xml is not well-formed XML (unclosed"]),
    "unknown encoding": (
        xml(record(("type", "a")), '<?xml version="1.0" encoding="zlib"?>'),
        [],
        ["00.xml is not well"],
    ),
}


def loops(data):
    labelled(data, "ab")
    for link, target in (("images/up", ".."), ("images/itself", "itself"), ("images/one.jpg", "two.jpg")):
        (data / link).symlink_to(target)
    (data / "images" / "two.jpg").symlink_to("one.jpg")


def deep(data):
    xml(record(("type", "a")))(data)
    for depth in range(1, 1201):  # os.makedirs recurses
        os.mkdir(os.path.join(data, "xml2", *"d" * depth))


def odd_folders(data):
    pictures(data, [f"{name}/{number}.png" for name in ("a\x1b[31m", "b\nc\r", "d\u202e") for number in range(4)])


def foreign_folder(data):
    """Folder and file names in Latin-1, which are no UTF-8."""
    pictures(data, [f"a/{number}.png" for number in range(6)])
    for name in (b"caf\xe9.png", b"caf\xe9/0.png"):
        touch(data / "a", os.fsdecode(name))


def class_list(data):
    wikiart(data)
    write(data / "artist_class.txt", f"1 {MILLION}\n2 a\x85b\u2028c\n")
    write(data / "artist_train.csv", "".join(f"{number:02d}.png,{number % 2 + 1}\n" for number in range(IMAGES)))
    write(data / "artist_val.csv", "00.png,1\n")


CHECKED = {
    "links that loop": loops,
    "1,200 folders deep": deep,
    "odd folder names": odd_folders,
    "names in Latin-1": foreign_folder,
    "million-letter class": class_list,
    "100,000 levels": xml(in_record(f"<about>{'<a>' * 100_000}{'</a>' * 100_000}</about>")),
    "50 MB of text": xml(record(("description", "x" * 50_000_000), ("type", "a"))),
    "100,000 attributes": xml(in_record(f"<a {ATTRIBUTES}/>")),
    "40 MB of comment": xml(in_record(f"<!--{'y' * 40_000_000}-->")),
    **{
        f"label with {name}": (lambda data, odd=odd: labelled(data, [odd, odd.upper(), "c"]))
        for name, odd in ODD.items()
    },
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    root = tmp_path_factory.mktemp("hostile")
    makers = {name: (make, arguments) for name, (make, arguments, _) in REFUSED.items()}
    makers.update((name, (make, [])) for name, make in CHECKED.items())
    cases = {name: (root / str(number), arguments) for number, (name, (_, arguments)) in enumerate(makers.items())}
    try:
        for name, (make, _) in makers.items():
            make(cases[name][0] / "data")
        yield check_all(cases)
    finally:
        subprocess.run(["rm", "-rf", root], check=True)  # shutil.rmtree recurses, and one folder is deep


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_ends_in_one_line(outcomes, name):
    assert_refused(outcomes[name], *REFUSED[name][2])


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKED)
def test_what_can_be_read_ends_in_a_whole_report(outcomes, name):
    assert_checked(outcomes[name], 1)  # so few images cannot be split


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_odd_labels_are_in_the_checks_csv_as_they_are(outcomes, name):
    variants = [each["item"] for each in outcomes[f"label with {name}"].findings if each["kind"] == "label-variant"]
    assert sorted(variants) == sorted({ODD[name], ODD[name].upper()})


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (
            '<?xml version="1.0" encoding="UTF-16"?>'.encode("utf-16") + record(("type", "é日")).encode("utf-16-le"),
            "é日",
        ),
        (('<?xml version="1.0" encoding="ISO-8859-1"?>' + record(("type", "é"))).encode("latin-1"), "é"),
        (('<?xml version="1.0" encoding="windows-1252"?>' + record(("type", "€"))).encode("cp1252"), "€"),
        (b"\xef\xbb\xbf" + record(("type", "é")).encode(), "é"),
        (record(("type", "a<?php system('id')?>b<!-- c -->d")).encode(), "abd"),
        (record(("type", "<![CDATA[<a>&b;]]>")).encode(), "<a>&b;"),
        (record(("type", '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>')).encode(), ""),
    ],
)
def test_valid_but_unusual_xml_is_read_right(tmp_path, text, label):
    xml(record(("type", "a")))(tmp_path)
    (tmp_path / "xml2" / "00.xml").write_bytes(text)
    found = dict(zip(*open_collection(tmp_path, "type").table[["image_id", "type"]].to_numpy().T, strict=True))
    assert found["00.png"] == label


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may read anything")
def test_an_unreadable_folder_is_named(tmp_path):
    labelled(tmp_path / "data", "ab")
    for folder in (tmp_path, *tmp_path.parents):  # pytest's own are closed to others
        if folder.stat().st_uid == os.geteuid() and "pytest" in str(folder):
            folder.chmod(0o755)
    (tmp_path / "data" / "images").chmod(0)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    command = [*nobody, sys.executable, "-m", "arttl", "check", str(tmp_path / "data")]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
    (tmp_path / "data" / "images").chmod(0o755)
    expected = f"error: {tmp_path / 'data' / 'images'}/ cannot be read (Permission denied); check the path and its"
    assert (done.returncode, done.stdout, done.stderr.startswith(expected)) == (2, "", True), done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_labels_that_the_terminal_does_not_know_are_escaped(tmp_path):
    labelled(tmp_path / os.fsdecode(b"caf\xe9"), ["日本", "日本\u0301", "c"])
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "arttl", "check", os.fsencode(tmp_path) + b"/caf\xe9", "--metadata-only"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert r"'\u65e5\u672c' (4" in done.stdout
