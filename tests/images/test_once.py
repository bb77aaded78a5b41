"""Several stores and a check of one decode of each picture: the pixels of a decode for each, and no decode more."""

import re
import threading

import numpy as np
import pandas as pd
import pytest
from pictures import noise_bytes, pixels_of, scene
from PIL import Image
from stores import before_decoding, done_rows, forbid_decoding

from arttl.check.describing import SMALL, Describing
from arttl.check.images import ImageFacts
from arttl.collections import Collection
from arttl.images import BadImage, Decoding, build_stores, decode_image, identify_files
from arttl.images.losses import lost_by_load_img
from arttl.recipes import fine_tuning
from arttl.training.collection_data import CollectionData

DECODINGS = [
    Decoding((8, 9), "nearest", "load_img"),
    Decoding((13, 12), "nearest", "load_img"),
    Decoding((20, 15), "antialiased"),
    Decoding((10, 20), "antialiased", fit="cover"),
]
BOTH = [Decoding((8, 8)), Decoding((12, 12))]


@pytest.fixture
def kinds(tmp_path):
    """Pictures of every kind that readings treat apart, large enough for JPEGs to be decoded at two reduced scales."""
    turned = Image.Exif()
    turned[0x0112] = 6
    grey = np.random.default_rng(0).integers(0, 256, (64, 48))
    alpha = np.dstack([np.asarray(scene(3, 64)), np.full((64, 64), 100)])
    pictures = {
        "photograph.jpg": (scene(1, 400), {}),
        "turned.jpg": (scene(2, 400).crop((0, 0, 400, 240)), {"exif": turned}),
        "cmyk.jpg": (scene(4, 300).convert("CMYK"), {}),
        "alpha.png": (pixels_of(alpha), {}),
        "palette.png": (scene(5, 64).quantize(8), {"transparency": bytes([255, 0, 128, 255, 255, 255, 255, 255])}),
        "frame.gif": (scene(6, 64).quantize(8), {"transparency": 2}),
        "grey16.png": (pixels_of(grey * 257, dtype=np.uint16), {}),
        "float.tif": (pixels_of(grey / 2, dtype=np.float32), {}),  # nothing that is stored can be made of it
    }
    paths = {}
    for name, (picture, options) in pictures.items():
        paths[name] = tmp_path / name
        picture.save(paths[name], **options)
    paths["cut.jpg"] = tmp_path / "cut.jpg"
    paths["cut.jpg"].write_bytes(noise_bytes("JPEG")[:-50])
    return paths | {"none.jpg": tmp_path / "none.jpg"}


@pytest.fixture
def decoders(monkeypatch):
    """The decoders that Pillow makes from now on: one each time that it decodes a picture, or a tile of one."""
    made, make = [], Image._getdecoder
    monkeypatch.setattr(Image, "_getdecoder", lambda *args: made.append(args[1]) or make(*args))
    return made


def test_what_is_made_of_one_decode_is_what_each_decode_alone_gives(kinds, tmp_path):
    described = Describing(kinds, identify_files(kinds))
    stores = build_stores(kinds, DECODINGS, tmp_path / "stores", skip_bad_images=True, progress=False, also=[described])
    for decoding, store in zip(DECODINGS, stores, strict=True):
        for name, path in kinds.items():
            if name in store.bad:
                with pytest.raises(BadImage, match=re.escape(store.bad[name])):
                    decode_image(path, decoding)
            else:
                expected = decode_image(path, decoding)
                np.testing.assert_array_equal(store.read(store.rows([name]))[0], expected, err_msg=f"{name} {decoding}")
        assert store.bad.keys() == {"float.tif", "cut.jpg", "none.jpg"}
    facts = ImageFacts.of(described)
    assert facts.bad == stores[0].bad
    assert facts.lost == {name: lost for name in facts.image_ids if (lost := lost_by_load_img(kinds[name]))}
    assert facts.lost["turned.jpg"] == ("turned",)
    assert facts.lost["palette.png"] == ("transparent",)


def test_each_picture_is_decoded_once_for_all_sizes(images, tmp_path, decoders):
    described = Describing(images, identify_files(images))
    built = build_stores(images, [*BOTH, SMALL], tmp_path / "stores", progress=False, also=[described])
    assert [store.read([3]).shape[1] for store in built] == [8, 12, 64]
    assert decoders == ["zip"] * 12


def test_a_jpeg_is_decoded_once_for_each_scale(tmp_path, decoders):
    scene(0, 400).save(tmp_path / "a.jpg")
    decoders.clear()
    sizes = [Decoding((side, side), "antialiased") for side in (33, 40, 70, 200, 300)]  # at 1/8, 1/4, 1/2, 1 and 1
    build_stores({"a": tmp_path / "a.jpg"}, [*sizes, *BOTH], tmp_path / "stores", progress=False)
    assert decoders == ["jpeg"] * 4


def test_a_store_that_is_there_is_kept_and_only_the_other_is_made(images, tmp_path, monkeypatch):
    (first,) = build_stores(images, BOTH[:1], tmp_path, progress=False)
    before = first.path.stat().st_mtime_ns, first.path.read_bytes()
    wanted = []
    before_decoding(monkeypatch, wanted.append)
    again, other = build_stores(images, BOTH, tmp_path, progress=False)
    assert len(wanted) == 12
    assert (again.path, again.fingerprint) == (first.path, first.fingerprint)
    assert (first.path.stat().st_mtime_ns, first.path.read_bytes()) == before
    assert other.read(other.rows(images))[:, 11, 11, 0].tolist() == list(range(12))
    forbid_decoding(monkeypatch)
    build_stores(images, [*reversed(BOTH), BOTH[0]], tmp_path, progress=False)


def test_interrupted_all_sizes_go_on_where_they_were(images, tmp_path, monkeypatch):
    def interrupted(path):
        if path.stem == "9":  # the last by id order: ids sort as text
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        before_decoding(patch, interrupted)
        with pytest.raises(KeyboardInterrupt):
            build_stores(images, BOTH, tmp_path / "stores", workers=1, progress=False)
    assert done_rows(tmp_path / "stores") == 11
    assert len(list((tmp_path / "stores").glob("*.partial.h5"))) == 2
    wanted = []
    before_decoding(monkeypatch, lambda path: wanted.append(path.name))
    for store, decoding in zip(build_stores(images, BOTH, tmp_path / "stores", progress=False), BOTH, strict=True):
        (fresh,) = build_stores(images, [decoding], tmp_path / "fresh", progress=False)
        assert store.path.read_bytes() == fresh.path.read_bytes()
    assert wanted[0] == "9.png"
    assert len(wanted) == 1 + 12 + 12
    assert not list((tmp_path / "stores").glob("*.partial.h5"))


def test_builds_of_some_of_the_same_sizes_do_not_wait_for_each_other_for_ever(images, tmp_path, monkeypatch):
    decoded, built = [], []
    before_decoding(monkeypatch, decoded.append)

    def build(decodings):
        built.extend(build_stores(images, decodings, tmp_path, workers=1, progress=False))

    asked = (BOTH, BOTH[::-1], BOTH[1:])
    threads = [threading.Thread(target=build, args=[each], daemon=True) for each in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(built) == 5
    assert len(decoded) in (12, 24)  # 24 where the thread of one size came first


def test_training_makes_all_the_sizes_that_it_will_ask_for_at_once(images, tmp_path, decoders):
    table = pd.DataFrame({"image_id": list(images), "path": list(map(str, images.values())), "type": "a"})
    data = CollectionData(Collection("mine", table, ("type",)), None, tmp_path / "cache")
    recipe = fine_tuning()
    data.expect([(8, recipe), (12, recipe), (12, recipe.changed({"decoding": "upright"})), (8, recipe)])
    assert data.store(8, recipe).read([0]).shape == (1, 8, 8, 3)
    assert data.store(12, recipe).read([0]).shape == (1, 12, 12, 3)
    assert decoders == ["zip"] * 12
    data.store(12, recipe.changed({"decoding": "upright"}))  # of another reading, which has losses of its own
    assert decoders == ["zip"] * 24
