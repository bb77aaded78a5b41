"""Labels from a CSV: joined by id, whatever its delimiter, encoding and columns; what is broken in it is said."""

from __future__ import annotations

import random

import pytest
from collection_files import plain, refusal, touch, write


def test_labels_are_joined_by_id_not_by_position(tmp_path):
    rows = [(f"{number:03d}.jpg", f"label {number % 7}") for number in range(60)]
    touch(tmp_path / "images", *[file for file, _ in rows])
    shuffled = rows.copy()
    random.Random(1).shuffle(shuffled)
    assert shuffled != rows
    write(tmp_path / "m.csv", "file,kind\n" + "".join(f"{file},{label}\n" for file, label in shuffled))
    collection = plain(tmp_path)
    assert collection.labels("type").to_dict() == dict(rows)
    assert all(collection.paths()[file].name == file for file, _ in rows)
    assert collection.table.image_id.tolist() == sorted(file for file, _ in rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_delimiters_encodings_and_line_ends(tmp_path, delimiter, encoding, newline):
    touch(tmp_path, "a.jpg", "b.jpg")
    rows = [["file", "kind", "note"], ["b.jpg", "Boëtius", '"x,y;z"'], [" a.jpg", " NA ", '"two\nlines"'], ["", "", ""]]
    write(tmp_path / "m.CSV", newline.join(delimiter.join(row) for row in rows), encoding)
    collection = plain(tmp_path)
    assert collection.labels("type").to_dict() == {"a.jpg": "NA", "b.jpg": "Boëtius"}
    assert collection.table.note.tolist() == ["two\nlines", "x,y;z"]


def test_words_for_nothing_are_labels_but_blanks_and_anoniem_are_not(tmp_path):
    labels = {"1": "NA", "2": "null", "3": "None", "4": "007", "5": "", "6": "  ", "7": "anoniem", "8": " Anoniem"}
    touch(tmp_path, *[f"{name}.jpg" for name in labels])
    write(tmp_path / "m.csv", "file,kind,x\n" + "".join(f"{name}.jpg,{label},x\n" for name, label in labels.items()))
    collection = plain(tmp_path)
    assert collection.labels("type").tolist() == ["NA", "null", "None", "007"]
    assert len(collection) == 8
    assert "4 images without type (blank or 'anoniem')" in collection.notes


def test_own_columns_are_kept_and_never_overwrite(tmp_path):
    touch(tmp_path, "a.jpg")
    write(tmp_path / "m.csv", "file,kind,path,type,year\na.jpg,k,p,t,1650\n")
    row = plain(tmp_path).table.iloc[0]
    assert row["type"] == "k"
    assert row["path"] == str(tmp_path / "a.jpg")
    assert (row["metadata.path"], row["metadata.type"], row["year"]) == ("p", "t", "1650")


def test_ids_with_and_without_extension_and_in_subfolders(tmp_path):
    touch(tmp_path / "jpg2", "SK-A.1.jpg", "deep/b.jpg", "c.jpg", "c.png", "d.jpg")
    write(tmp_path / "m.csv", "file,kind\nSK-A.1,one\ndeep\\b.jpg,two\nc.png,three\njpg2/d.jpg,four\n")
    paths = plain(tmp_path).paths()
    folder = tmp_path / "jpg2"
    assert paths == {
        "SK-A.1": folder / "SK-A.1.jpg",
        "deep\\b.jpg": folder / "deep" / "b.jpg",
        "c.png": folder / "c.png",
        "jpg2/d.jpg": folder / "d.jpg",
    }
    assert "1 image in " in " ".join(plain(tmp_path).notes)


def test_an_id_that_fits_two_files(tmp_path):
    touch(tmp_path, "c.jpg", "c.png")
    write(tmp_path / "m.csv", "file,kind\nc,x\n")
    message = refusal(tmp_path, image_column="file", label_column="kind")
    assert "c.jpg, c.png" in message
    assert "m.csv row 2" in message


@pytest.mark.parametrize(
    "hostile",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "..",
        "a/../../x.jpg",
        "..\\x.jpg",
        "a\\..\\..\\x.jpg",
        "\\\\server\\x.jpg",
        "C:\\x.jpg",
        "c:x.jpg",
        "a.jpg\0",
        "link.jpg",
        "linked/x.jpg",
        "./linked/x.jpg",
        "linked//x.jpg",
        "images/linked/x.jpg",
    ],
)
def test_an_id_that_leads_out_is_refused(tmp_path, hostile):
    touch(tmp_path, "x.jpg", "outside/x.jpg")
    images = tmp_path / "data" / "images"
    touch(images, "a.jpg", "a/b.jpg")
    (images / "link.jpg").symlink_to(tmp_path / "x.jpg")
    (images / "linked").symlink_to(tmp_path / "outside")
    write(tmp_path / "data" / "m.csv", f"file,kind\na.jpg,x\n\na/b.jpg,y\n{hostile},x\n")
    # Not even --skip-missing passes over it.
    message = refusal(tmp_path / "data", image_column="file", label_column="kind", skip_missing=True)
    assert "m.csv row 5" in message
    assert f"leads out of the image folder {images}; correct the id" in message


def test_dots_inside_a_name_do_not_lead_out(tmp_path):
    touch(tmp_path, "a..b.jpg", "c...jpg")
    write(tmp_path / "m.csv", "file,kind\na..b.jpg,x\n./c...jpg,y\n")
    assert len(plain(tmp_path).paths()) == 2


def test_rows_without_image_are_refused_or_skipped(tmp_path):
    touch(tmp_path / "images", "a.jpg", "b.jpg", "z.jpg")
    lost = [f"lost{number}" for number in range(12)]
    text = "file,kind\nb.jpg,B\n" + "".join(f"{name},L\n" for name in lost) + "a.jpg,A\n"
    write(tmp_path / "m.csv", text)
    message = refusal(tmp_path, image_column="file", label_column="kind")
    assert f"12 rows have no image in {tmp_path / 'images'} (first: lost0, lost1, lost2)" in message
    assert "skip_missing=True" in message
    collection = plain(tmp_path, skip_missing=True)
    assert collection.labels("type").to_dict() == {"a.jpg": "A", "b.jpg": "B"}
    assert [note.split()[:2] for note in collection.notes] == [["12", "rows"], ["1", "image"]]


def test_no_row_with_an_image_is_refused_even_with_skip_missing(tmp_path):
    touch(tmp_path, "a.jpg")
    write(tmp_path / "m.csv", "file,kind\nx,1\ny,2\n")
    message = refusal(tmp_path, image_column="file", label_column="kind", skip_missing=True)
    assert "none of its 2 rows has an image" in message
    assert "check the folder of images" in message


def test_repeated_rows(tmp_path):
    touch(tmp_path, "a.jpg", "b.jpg")
    write(tmp_path / "m.csv", "file,kind\na.jpg,x\nb.jpg,y\na,x\n")
    collection = plain(tmp_path)
    assert collection.labels("type").to_dict() == {"a.jpg": "x", "b.jpg": "y"}
    assert any(note.startswith("1 row of ") and note.endswith("repeated an image") for note in collection.notes)
    write(tmp_path / "m.csv", "file,kind\na.jpg,x\nb.jpg,y\na.jpg,z\n")
    message = refusal(tmp_path, image_column="file", label_column="kind")
    assert "image id 'a.jpg' has type 'x' in row 2 and 'z' in row 4" in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file,kind\na.jpg,x\nb.jpg,x,y\n", ["row 3", "3 fields", "has 2", "double quotes"]),
        ("file,kind\na.jpg\n", ["row 2", "1 field,"]),
        ("file,kind\n", ["no rows"]),
        ("", ["no rows"]),
        ('file,kind\na.jpg,x\nb.jpg,"x\n', ["row 3", "quotes"]),
        ("file,kind,kind\na.jpg,x,y\n", ["column kind occurs twice", "rename"]),
        ("file,kind\n ,x\n", ["none of its 1 row", "row 2 (blank)", "check the folder of images"]),
    ],
)
def test_broken_csv(tmp_path, text, expected):
    touch(tmp_path, "a.jpg", "b.jpg")
    write(tmp_path / "m.csv", text)
    message = refusal(tmp_path, image_column="file", label_column="kind")
    assert "m.csv" in message
    assert [part for part in expected if part not in message] == []


def test_another_encoding_is_refused(tmp_path):
    touch(tmp_path, "a.jpg")
    write(tmp_path / "m.csv", "file,kind\na.jpg,x\nb.jpg,Jérôme Bohême\n", "mac_roman")
    message = refusal(tmp_path, image_column="file", label_column="kind")
    assert "m.csv line 3: byte 0x8e is not UTF-8; save the file as UTF-8 CSV" in message


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["needs image_column", "file, kind", "image_column (file has the names of 1 image)"]),
        ({"image_column": "file"}, ["needs label_column", "file, kind"]),
        ({"image_column": "file", "label_column": "sort"}, ["no column 'sort'", "file, kind", "label_column"]),
        (
            {"image_column": "id", "label_column": "kind"},
            ["no column 'id'", "file, kind", "image_column (file has the names of 1 image)"],
        ),
        ({"image_column": "kind", "label_column": "kind"}, ["both name 'kind'", "two columns"]),
    ],
)
def test_columns_must_be_named_and_there(tmp_path, options, expected):
    touch(tmp_path, "a.jpg")
    write(tmp_path / "m.csv", "file,kind\na.jpg,x\n")
    message = refusal(tmp_path, **options)
    assert [part for part in expected if part not in message] == []


def test_messages_stay_one_line_whatever_the_data_holds(tmp_path):
    touch(tmp_path, "a.jpg")
    write(tmp_path / "m.csv", f'file,kind\na.jpg,x\n"two\nlines{"y" * 500}",x\n')
    message = refusal(tmp_path, image_column="file", label_column="kind")
    assert "'two\\nlinesyyy" in message
    assert "y" * 100 not in message


def test_missing_data_and_metadata(tmp_path):
    assert str(tmp_path / "nowhere") in refusal(tmp_path / "nowhere")
    file = write(tmp_path / "m.csv", "x")
    assert "not a folder" in refusal(file)
    assert "m2.csv cannot be read (No such file or directory)" in refusal(tmp_path, metadata=tmp_path / "m2.csv")


def test_one_of_several_csvs_must_be_named(tmp_path):
    touch(tmp_path, "a.jpg")
    write(tmp_path / "m1.csv", "file,kind\na.jpg,one\n")
    write(tmp_path / "m2.csv", "file,kind\na.jpg,two\n")
    message = refusal(tmp_path)
    assert "m1.csv, m2.csv" in message
    assert "metadata=" in message
    assert plain(tmp_path, metadata=tmp_path / "m2.csv").labels("type").tolist() == ["two"]


def test_column_options_without_a_csv(tmp_path):
    touch(tmp_path, "x/a.jpg")
    assert "metadata=" in refusal(tmp_path, image_column="file", label_column="kind")
