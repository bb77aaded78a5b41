"""What folders mean by their names, which of them are opened, and which links are followed."""

import os

import pytest
from collection_files import plain, refusal, touch, write

from arttl.collections import open_collection
from arttl.collections.folder_structure import part_of
from arttl.collections.image_folder import Walk, list_images


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("training_set", "train"),
        ("TrainSet", "train"),
        ("train-images", "train"),
        ("01_train", "train"),
        ("Validation Set", "validation"),
        ("dev", "validation"),
        ("test2017", "test"),
        ("testing", "test"),
        ("contest", None),
        ("trainers", None),
        ("testament", None),
        ("set", None),
    ],
)
def test_names_of_split_folders(name, part):
    assert part_of(name) == part


def split_folders(folder, *parts, images=2):
    touch(folder, *(f"{part}/{label}/{part}{n}.png" for part in parts for label in "xy" for n in range(images)))


def test_near_misses_of_split_folders_are_recognised(tmp_path):
    split_folders(tmp_path, "Training_Set", "dev-set", "testset")
    collection = open_collection(tmp_path, "type")
    assert collection.given_split().value_counts().to_dict() == {"train": 4, "validation": 4, "test": 4}
    assert set(collection.labels("type")) == {"x", "y"}


def test_train_and_validation_alone_are_refused_by_name_with_the_remedy(tmp_path):
    split_folders(tmp_path, "training_set", "validation_set")
    message = refusal(tmp_path)
    assert "has training_set, validation_set but no test folder" in message
    assert f"data={tmp_path / 'training_set'}" in message


def test_without_validation_a_tenth_of_each_class_of_train_is_drawn(tmp_path):
    split_folders(tmp_path, "train", images=20)
    split_folders(tmp_path, "test", images=3)
    touch(tmp_path, "train/z/only.png", "test/z/only.png")
    collection = open_collection(tmp_path, "type")
    parts = collection.table.groupby("type").given_split.value_counts().unstack(fill_value=0)
    assert parts.loc["x"].to_dict() == parts.loc["y"].to_dict() == {"train": 18, "validation": 2, "test": 3}
    assert parts.loc["z"].to_dict() == {"train": 1, "validation": 0, "test": 1}
    assert set(collection.table.image_id[collection.given_split().to_numpy() == "test"]) == {
        *(f"test/{label}/test{n}.png" for label in "xy" for n in range(3)),
        "test/z/only.png",
    }
    assert any("there is no validation folder: 4 of the 41 train images" in note for note in collection.notes)
    asked = open_collection(tmp_path, "type", split="challenge")
    assert asked.given_split().equals(collection.given_split())


def test_the_draw_of_a_class_does_not_depend_on_other_classes(tmp_path):
    split_folders(tmp_path, "train", images=20)
    split_folders(tmp_path, "test")
    drawn = open_collection(tmp_path, "type").given_split()
    touch(tmp_path, *(f"train/a/{n}.png" for n in range(30)), "test/a/1.png")
    again = open_collection(tmp_path, "type").given_split()
    assert again[drawn.index].equals(drawn)


def test_folders_that_systems_make_are_skipped_and_counted(tmp_path):
    split_folders(tmp_path, "train", "test")
    touch(
        tmp_path, "__MACOSX/train/._a.jpg", "train/.ipynb_checkpoints/a.jpg", "train/x/@eaDir/a.jpg", "lost+found/a.jpg"
    )
    collection = open_collection(tmp_path, "type")
    assert len(collection) == 8
    expected = (
        "4 folders that systems make, or hidden, left out: __MACOSX, lost+found, train/.ipynb_checkpoints and 1 more"
    )
    assert expected in collection.notes


@pytest.mark.parametrize("others", [("bus/1.png",), ("bus/deep/1.png", "car/1.png")])
def test_a_split_folder_beside_classes_is_doubtful(tmp_path, others):
    touch(tmp_path, "train/x/1.png", "train/y/2.png", *others)
    message = refusal(tmp_path)
    assert "has train, as if split, beside bus" in message
    assert "rename train if they are classes" in message


def test_a_class_of_a_parts_name_is_a_class_where_it_holds_images_itself(tmp_path):
    touch(tmp_path, "train/1.png", "bus/2.png", "car/3.png")
    assert set(open_collection(tmp_path, "type").labels("type")) == {"train", "bus", "car"}


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (("images/images/a/1.jpg", "images/images/b/1.jpg", "resized/resized/1.jpg"), "images/images"),
        (("images/a/1.jpg", "images/b/1.jpg"), "images"),
        (("archive/a/1.jpg", "archive/b/1.jpg"), "archive"),
        (("masks/a/1.jpg", "oil/1.jpg"), "masks"),
    ],
)
def test_folders_that_hold_the_class_folders_are_no_classes(tmp_path, files, place):
    touch(tmp_path, *files)
    assert f"data={tmp_path / place}" in refusal(tmp_path)


def test_a_split_folder_in_a_split_folder(tmp_path):
    touch(tmp_path, "train/train/x/1.png", "test/test/x/1.png")
    assert "train holds only the folder train; move" in refusal(tmp_path)


def test_the_same_folders_in_every_class_are_told(tmp_path):
    touch(tmp_path, *(f"{fold}/{label}/1.jpg" for fold in ("fold1", "fold2") for label in "xy"))
    (note,) = (note for note in open_collection(tmp_path, "type").notes if "same folders" in note)
    assert note.startswith("all of fold1, fold2 hold the same folders (x, y): if those are the classes")
    touch(tmp_path, "fold1/2.jpg")
    assert not any("same folders" in note for note in open_collection(tmp_path, "type").notes)


def test_classes_are_named(tmp_path):
    touch(tmp_path, *(f"{label}/1.png" for label in "abcdefg"))
    assert "7 classes by the folders' names: a, b, c, d, e and 2 more" in open_collection(tmp_path, "type").notes


def test_formats_that_are_not_read_are_named(tmp_path):
    touch(tmp_path, "a/1.jpg", "b/2.jpg", "a/3.HEIC", "b/4.heic", "b/5.psd")
    note = "3 pictures of a format that is not read left out (.heic, .psd: a/3.HEIC, b/4.heic, b/5.psd): "
    collection = open_collection(tmp_path, "type")
    assert note + "convert to JPEG or PNG" in collection.notes
    assert collection.not_read == ("a/3.HEIC", "b/4.heic", "b/5.psd")
    touch(tmp_path / "phone", "a/1.heic")
    assert "(1 picture of a format that is not read left out (.heic: a/1.heic)" in refusal(tmp_path / "phone")


# --- folders that cannot be read


def unreadable(folder, monkeypatch):
    """Listing this folder raises PermissionError, which root would not get from its mode."""
    scandir = os.scandir

    def refuse(place):
        if os.path.realpath(place) == str(folder):
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)


def test_an_unreadable_subfolder_is_refused_or_left_out_and_named(tmp_path, monkeypatch):
    touch(tmp_path, "a/1.jpg", "b/2.jpg", "private/3.jpg")
    unreadable(tmp_path / "private", monkeypatch)
    message = refusal(tmp_path)
    assert f"{tmp_path / 'private'}/ cannot be read (Permission denied)" in message
    assert "skip_unreadable=True" in message
    collection = open_collection(tmp_path, "type", skip_unreadable=True)
    assert collection.unreadable == ("private",)
    assert "1 folder that cannot be read left out: private" in collection.notes


# --- links


def test_links_are_followed_on_request_and_loops_end(tmp_path):
    touch(tmp_path / "store", "blob", "set/1.jpg", "set/2.jpg")
    data = tmp_path / "data"
    touch(data, "real/4.jpg")
    (data / "a").mkdir()
    (data / "a" / "0.jpg").symlink_to(tmp_path / "store" / "blob")
    (data / "b").symlink_to(tmp_path / "store" / "set")
    (data / "again").symlink_to(data / "real")
    (tmp_path / "store" / "set" / "up").symlink_to(data)
    (data / "gone.jpg").symlink_to(tmp_path / "nowhere")
    listed = list_images(data, walk=Walk(follow_links=True))
    assert listed.images == ("a/0.jpg", "b/1.jpg", "b/2.jpg", "real/4.jpg")
    assert listed.links == {"again", "b/up", "gone.jpg"}
    assert list_images(data).images == ("real/4.jpg",)


def test_class_folders_of_links_name_the_option(tmp_path):
    touch(tmp_path / "blobs", "0.jpg", "1.jpg")
    for number, label in enumerate("ab"):
        (tmp_path / "data" / label).mkdir(parents=True)
        (tmp_path / "data" / label / "x.jpg").symlink_to(tmp_path / "blobs" / f"{number}.jpg")
    assert "2 links to folders or out of" in refusal(tmp_path / "data")
    assert "follow_links=True follows them" in refusal(tmp_path / "data")
    collection = open_collection(tmp_path / "data", "type", follow_links=True)
    assert collection.labels("type").to_dict() == {"a/x.jpg": "a", "b/x.jpg": "b"}


def test_ids_reach_links_only_on_request_and_never_leave_the_folder(tmp_path):
    touch(tmp_path, "outside/x.jpg")
    data = tmp_path / "data"
    touch(data / "images", "a.jpg")
    (data / "images" / "link.jpg").symlink_to(tmp_path / "outside" / "x.jpg")
    write(data / "m.csv", "file,kind\na.jpg,1\nlink.jpg,2\n")
    message = refusal(data, image_column="file", label_column="kind")
    assert "leads out of the image folder" in message
    assert "follow_links=True" in message
    assert plain(data, follow_links=True).labels("type").to_dict() == {"a.jpg": "1", "link.jpg": "2"}
    write(data / "m.csv", "file,kind\na.jpg,1\n../../outside/x.jpg,2\n")
    assert "leads out" in refusal(data, image_column="file", label_column="kind", follow_links=True)
