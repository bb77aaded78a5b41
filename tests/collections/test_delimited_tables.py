"""Tables as text: encodings, delimiters, and the mark that Excel looks for."""

import pytest
from collection_files import message_of, plain, touch, write

from arttl.collections.tables import read_table

ROWS = "Datei;Künstler\nä.jpg;Boëtius\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_encodings_of_spreadsheets(tmp_path, encoding, delimiter):
    text = ROWS.replace(";", delimiter) if delimiter == ";" else f"sep={delimiter}\r\n{ROWS.replace(';', delimiter)}"
    table = read_table(write(tmp_path / "m.csv", text, encoding))
    assert table.rows.to_dict("list") == {"Datei": ["ä.jpg"], "Künstler": ["Boëtius"]}
    assert table.rows.index.tolist() == [2]
    told = [f"{tmp_path / 'm.csv'} is not in UTF-8, and read as Windows-1252 ('Künstler')"]
    assert table.notes == (told if encoding == "cp1252" else [])


@pytest.mark.parametrize(
    "content",
    [
        ROWS.encode() + "ö.jpg;Müller\n".encode("cp1252"),  # two programs wrote it
        ROWS.encode("cp1252") + b"\x81;a\n",  # no letter of Windows-1252
        ROWS.encode("cp1252") + b"\0;a\n",
    ],
)
def test_what_is_in_no_one_encoding_is_refused(tmp_path, content):
    (tmp_path / "m.csv").write_bytes(content)
    assert "is not UTF-8; save the file as UTF-8 CSV" in message_of(tmp_path / "m.csv")


def test_tab_separated_tables_are_found(tmp_path):
    touch(tmp_path, "a.jpg", "b.jpg")
    write(tmp_path / "m.tsv", "file\tkind\na.jpg\tx\nb.jpg\ty\n", "utf-16")
    assert plain(tmp_path).labels("type").to_dict() == {"a.jpg": "x", "b.jpg": "y"}


# --- tables that we write
