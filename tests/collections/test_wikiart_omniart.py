"""WikiArt's lists, OmniArt's CSV, and the sizes of Table 4."""

import pandas as pd
import pytest
from collection_files import refusal, touch, write

from arttl.base.errors import InputError
from arttl.collections import TARGETS, find_target, open_collection, read_omniart
from arttl.collections.image_folder import find_images
from arttl.splits import make_split

TRAIN = [f"Baroque/rembrandt_{number}.jpg" for number in range(20)] + ["Realism/ilya-repin_a, b.jpg"]
VAL = ["Realism/ilya-repin_b.jpg", "Baroque/rembrandt_x.jpg"]


@pytest.fixture(params=["", "wikiart/"])
def wikiart(tmp_path, request):
    touch(tmp_path / request.param, *TRAIN, *VAL)
    lists = tmp_path / "wikiart_csv" if request.param else tmp_path
    write(lists / "artist_class.txt", "0 Ilya_Repin\n1 Rembrandt\n")
    rows = [f'"{image}",{int("rembrandt" in image)}\n' for image in TRAIN]
    write(lists / "artist_train.csv", "".join(rows))
    write(lists / "artist_val.csv", f"{VAL[0]},0\r\n{VAL[1]},1\r\n", "utf-8-sig")
    write(lists / "genre_class.txt", "0 portrait\n1 cityscape\n")
    write(lists / "genre_train.csv", f"{TRAIN[0]},0\n")
    write(lists / "genre_val.csv", f"{VAL[0]},1\n")
    return tmp_path


def test_wikiart_is_one_collection_by_default(wikiart):
    collection = open_collection(wikiart, "artist")
    expected = {image: "Rembrandt" if "rembrandt" in image else "Ilya_Repin" for image in TRAIN + VAL}
    assert collection.labels("artist").to_dict() == expected
    assert collection.given_split() is None
    lists = collection.table.set_index("image_id").wikiart_list
    assert set(lists[TRAIN]) == {"train"}
    assert set(lists[VAL]) == {"val"}
    assert 'there is no test list; split="challenge" takes val for test' in collection.notes[0]
    assert collection.paths([VAL[0]])[VAL[0]].is_file()


def test_type_and_genre_are_the_genre_lists(wikiart):
    for challenge in ("type", "genre"):
        labels = open_collection(wikiart, challenge).labels(challenge)
        assert labels.to_dict() == {TRAIN[0]: "portrait", VAL[0]: "cityscape"}
    assert "no WikiArt list for challenge style; it has lists for artist, type, genre" in refusal(wikiart, "style")
    assert "no WikiArt list for challenge material" in refusal(wikiart, "material")


def test_the_artist_in_a_files_name(wikiart):
    lists = wikiart / "wikiart_csv" if (wikiart / "wikiart_csv").exists() else wikiart
    write(lists / "style_class.txt", "0 Baroque\n1 Realism\n")
    touch(wikiart / ("wikiart" if lists != wikiart else ""), "Realism/nobody.jpg")
    write(lists / "style_train.csv", f"{TRAIN[0]},0\n{VAL[0]},1\nRealism/nobody.jpg,1\n")
    write(lists / "style_val.csv", f"{VAL[1]},0\n")
    labels = open_collection(wikiart, "artist-in-name").labels("artist-in-name")
    assert labels.to_dict() == {TRAIN[0]: "rembrandt", VAL[0]: "ilya-repin", VAL[1]: "rembrandt"}
    assert open_collection(wikiart, "style").labels("style")[VAL[0]] == "Realism"


def test_wikiarts_lists_as_the_split(wikiart):
    collection = open_collection(wikiart, "artist", split="challenge")
    given = collection.given_split()
    assert set(given[VAL]) == {"test"}
    assert given[TRAIN].value_counts().to_dict() == {"train": 18, "validation": 3}
    assert given.equals(open_collection(wikiart, "artist", split="challenge").given_split())
    split = make_split(collection.labels("artist"), given=given, preset="released")
    assert split.ids("test") == sorted(VAL)
    assert "artist_val is test; 3 images of artist_train, drawn with seed 42, are validation" in collection.notes[0]


def test_lists_elsewhere(wikiart, tmp_path_factory):
    lists = wikiart / "wikiart_csv" if (wikiart / "wikiart_csv").exists() else wikiart
    elsewhere = tmp_path_factory.mktemp("lists")
    for path in lists.glob("*_*.*"):
        path.rename(elsewhere / path.name)
    for metadata in (elsewhere, elsewhere / "artist_val.csv"):
        assert len(open_collection(wikiart, "artist", metadata=metadata)) == len(TRAIN + VAL)


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("artist_val.csv", f"{VAL[0]},0\n{VAL[1]},7\n", "artist_val.csv row 2: class '7' is not in artist_class.txt"),
        ("artist_val.csv", f"{VAL[0]}\n", "artist_val.csv row 1: 1 field, but 2 are expected"),
        ("artist_val.csv", "../x.jpg,0\n", "row 1 of artist_val.csv: image id '../x.jpg' leads out"),
        ("artist_val.csv", f"{VAL[0]},0\n{TRAIN[0]},0\n", "in row 1 of artist_train.csv and 'Ilya_Repin' in row 2 of"),
        ("artist_val.csv", "", "artist_val.csv has no rows; it needs one row an image"),
        ("artist_class.txt", "0 Ilya_Repin\n0 Rembrandt\n", "artist_class.txt line 2: '0 Rembrandt' is not a new"),
        ("artist_class.txt", "Rembrandt\n", "artist_class.txt line 1: 'Rembrandt' is not a new class number"),
        ("artist_class.txt", None, "artist_class.txt cannot be read (No such file or directory)"),
        ("artist_val.csv", None, "artist_val.csv cannot be read (No such file or directory)"),
        ("artist_val.csv", "Realism/gone.jpg,0\n", "1 row has no image in"),
    ],
)
def test_bad_lists(wikiart, file, text, expected):
    lists = wikiart / "wikiart_csv" if (wikiart / "wikiart_csv").exists() else wikiart
    if text is None:
        (lists / file).unlink()
    else:
        write(lists / file, text)
    assert expected in refusal(wikiart, "artist")


# --- OmniArt

HEADER = "id,artwork_name,artist_full_name,creation_year,image_url,artwork_type"
ROWS = [
    '6068e28c,"deer, beside a lake",carl frederik aagaard,1888.0,https://www.wga.hu/art/a/deer%20lake.jpg?x=1,painting',
    "852852cf,the rose garden,carl frederik aagaard,1877.0,https://www.wga.hu/art/a/rose.jpg#top,painting",
    "b74602ad,albarello,massot abaquesne,1560.0,http://[broken,ceramics",
]


def omniart(folder, rows=ROWS, header=HEADER):
    return write(folder / "metadata.csv", "\n".join([header, *rows]) + "\n")


def test_omniart_by_id(tmp_path):
    touch(tmp_path / "images", "6068e28c.jpg", "852852cf.png", "b74602ad.jpg")
    omniart(tmp_path)
    collection = open_collection(tmp_path, "artist")
    assert collection.challenges == ("type", "artist")
    assert collection.labels("artist").to_dict() == {
        "6068e28c": "carl frederik aagaard",
        "852852cf": "carl frederik aagaard",
        "b74602ad": "massot abaquesne",
    }
    assert collection.labels("type").tolist() == ["painting", "painting", "ceramics"]
    assert collection.table.artwork_name[0] == "deer, beside a lake"
    assert "images found by OmniArt's column id" in collection.notes


def test_omniart_by_address_and_by_file_name(tmp_path):
    touch(tmp_path / "images", "deer lake.jpg", "rose.jpg")
    omniart(tmp_path, ROWS[:2])
    assert set(open_collection(tmp_path, "type").labels("type").index) == {"deer lake.jpg", "rose.jpg"}
    touch(tmp_path / "images", "a.jpg", "b.jpg")
    omniart(tmp_path, [f"{row},{name}" for row, name in zip(ROWS, "ab", strict=False)], f"{HEADER},filename")
    collection = open_collection(tmp_path, "type")
    assert set(collection.labels("type").index) == {"a", "b"}
    assert collection.notes[0] == "images found by OmniArt's column filename"


def test_omniart_refuses_what_leads_out_and_other_columns(tmp_path):
    touch(tmp_path, "images/6068e28c.jpg")
    omniart(tmp_path, [ROWS[0], "../x,y,z,1,,painting"])
    assert "metadata.csv row 3: image id '../x' leads out" in refusal(tmp_path, skip_missing=True)
    omniart(tmp_path, ["6068e28c,x"], "id,artist")
    assert "format=omniart looks for one table" in refusal(tmp_path, format="omniart")
    with pytest.raises(InputError, match="is not OmniArt's: it lacks artwork_type and artist_full_name"):
        read_omniart(tmp_path / "metadata.csv", find_images(tmp_path))


def test_named_columns_come_before_the_format(tmp_path):
    touch(tmp_path, "images/6068e28c.jpg")
    omniart(tmp_path, ROWS[:1])
    labels = open_collection(tmp_path, "type", image_column="id", label_column="creation_year").labels("type")
    assert labels.to_dict() == {"6068e28c": "1888.0"}


# --- Table 4


def test_table_4_adds_up():
    total = {"Human-LBA": 5420, "Lung-Tissues": 6331, "Mouse-LBA": 4284, "Bone-Marrow": 1291}
    total |= {"Artist-Classification-1": 3881, "Type-Classification": 3588, "Artist-Classification-2": 3533}
    assert {target.name: target.images for target in TARGETS} == total


def test_a_folder_is_compared_with_table_4(tmp_path):
    for part, size in (("train", 522), ("val", 130), ("test", 638)):
        touch(tmp_path / part, *(f"class {number % 8}/{number}.png" for number in range(size)))
    collection = open_collection(tmp_path, "type")
    split = make_split(collection.labels("type"), given=collection.given_split())
    target = find_target("bone_marrow")
    assert target.name == "Bone-Marrow"
    assert target.differences(split.table) == ["test has 638 images, not 639"]
    one = pd.DataFrame({"split": ["train"], "label": ["x"]})
    assert target.differences(one)[-1] == "1 classes, not 8"
    assert find_target("paintings") is None


def test_cytomine_without_a_part_is_refused(tmp_path):
    touch(tmp_path, "train/x/1.png", "val/x/2.png")
    with pytest.raises(InputError, match="no test folder"):
        open_collection(tmp_path, "type")
