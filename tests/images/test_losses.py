"""What the reading "load_img" loses of a picture, told before training; large scans, and formats named."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pictures import png, scene
from PIL import Image, features

from arttl.base.errors import InputError
from arttl.cli import run_main
from arttl.cli.commands import main, main_parser
from arttl.collections.image_folder import FOREIGN_SUFFIXES, IMAGE_SUFFIXES
from arttl.images import BadImage, Decoding, check_reading, decode_image
from arttl.images.losses import lost_by_load_img
from arttl.images.picture import FORMATS
from arttl.recipes import fine_tuning


def grey16(low, high):
    return Image.fromarray(np.linspace(low, high, 64).reshape(8, 8).astype(np.uint16))


def turned(number):
    exif = Image.Exif()
    exif[0x0112] = number
    return {"exif": exif}


def alpha(*values):
    picture = Image.new("RGBA", (2, 1), (9, 9, 9, 255))
    picture.putpixel((0, 0), (200, 9, 9, 255))
    picture.putalpha(Image.frombytes("L", (2, 1), bytes(values)))
    return picture


RGB = Image.new("RGB", (8, 8), "red")
PICTURES = {
    "rgb.png": (RGB, {}, ()),
    "deep.png": (grey16(0, 60000), {}, ("white",)),
    "deep.tif": (grey16(300, 400), {}, ("white",)),
    "deep.pgm": (grey16(0, 60000), {}, ("white",)),
    "shallow.png": (grey16(0, 255), {}, ()),
    "clear.png": (alpha(255, 0), {}, ("transparent",)),
    "half.webp": (alpha(128, 128), {"lossless": True}, ("transparent",)),
    "opaque.png": (alpha(255, 255), {}, ()),
    "key.png": (RGB, {"transparency": (255, 0, 0)}, ("uniform",)),
    "stamp.png": (Image.new("RGBA", (8, 8), (0, 0, 0, 0)), {}, ("uniform",)),
    "grey_stamp.png": (Image.new("LA", (8, 8), (0, 99)), {}, ("uniform",)),
    "unused_key.png": (RGB, {"transparency": (0, 0, 255)}, ()),
    "palette.gif": (RGB.convert("P"), {"transparency": RGB.convert("P").getpixel((0, 0))}, ("uniform",)),
    "upright.jpg": (RGB, turned(1), ()),
    "turned.jpg": (RGB, turned(6), ("turned",)),
    "turned.png": (RGB, turned(3), ("turned",)),
    "turned.tif": (RGB, turned(6), ()),  # Pillow turns it whatever the reading
    "both.png": (alpha(0, 0), turned(8), ("transparent", "turned")),
}


@pytest.mark.parametrize("name", PICTURES)
def test_what_is_lost_of_a_picture(tmp_path, name):
    picture, options, lost = PICTURES[name]
    picture.save(tmp_path / name, **options)
    assert lost_by_load_img(tmp_path / name) == lost
    if lost:  # the two readings differ, since something is lost
        size = picture.size[::-1]
        assert (
            picture.size == (8, 8)
            or "white" in lost
            or not np.array_equal(
                decode_image(tmp_path / name, Decoding(size, "nearest", "load_img")),
                decode_image(tmp_path / name, Decoding(size)),
            )
        )


def test_what_cannot_be_read_is_left_to_the_decoding(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert lost_by_load_img(tmp_path / "a.png") == lost_by_load_img(tmp_path / "none.png") == ()


@pytest.fixture
def deep(tmp_path):
    """Three pictures, the second 16 bits deep, and the third transparent."""
    RGB.save(tmp_path / "a.png")
    grey16(8000, 20000).save(tmp_path / "b.png")
    alpha(0, 255).save(tmp_path / "c.png")
    return {name: tmp_path / f"{name}.png" for name in "abc"}


def test_pictures_that_would_turn_white_are_refused(deep, tmp_path):
    load_img = Decoding((8, 8), "nearest", "load_img")
    assert decode_image(deep["b"], load_img).min() == 255  # as Keras has it
    assert 8000 // 257 <= decode_image(deep["b"], Decoding((8, 8))).max() == round(20000 / 257)
    with pytest.raises(InputError, match=r'^1 of 3 images have more than 8 bits .* decoding="upright" scales'):
        check_reading(deep, load_img, tmp_path / "cache", "files")
    assert check_reading(deep, Decoding((8, 8)), tmp_path / "cache", "files") == []


def test_other_losses_are_told_in_a_line_and_kept(deep, tmp_path, monkeypatch):
    deep.pop("b")
    load_img = Decoding((8, 8), "nearest", "load_img")
    lines = check_reading(deep, load_img, tmp_path / "cache", "files")
    assert lines == [
        "decoding=load_img, as in 2018: 1 of 2 images are transparent, and what is under it shows; "
        'decoding="upright" reads them as they look'
    ]
    monkeypatch.setattr("arttl.images.losses.lost_by_load_img", lambda *_: pytest.fail("looked at again"))
    assert check_reading(deep, load_img, tmp_path / "cache", "files") == lines
    (kept,) = (tmp_path / "cache").glob("losses-*.json")
    assert json.loads(kept.read_text())["losses"] == {"c": ["transparent"]}
    monkeypatch.undo()
    kept.write_text("{")
    assert check_reading(deep, load_img, tmp_path / "cache", "files") == lines


# --- the commands


@pytest.fixture
def arttl(tmp_path, monkeypatch, capsys):
    """Run a command of arttl in an empty folder; returns (exit code, standard output, standard error)."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["arttl", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            run_main(main, main_parser(), keras=False)
        return end.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture
def scans(tmp_path):
    """Twenty-four drawings in two class folders."""
    for number in range(24):
        (tmp_path / "scans" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        scene(number, 40).save(tmp_path / "scans" / "ab"[number % 2] / f"{number:02d}.png")
    return tmp_path / "scans"


def test_check_and_prepare_agree_on_deep_scans(arttl, scans, tmp_path):
    grey = np.asarray(Image.open(scans / "a" / "00.png").convert("L")).astype(np.uint16)
    Image.fromarray(grey * 257).save(scans / "a" / "00.png")
    code, out, _ = arttl("check", scans)
    assert code == 1
    assert "1 of 24 images are of more than 8 bits of grey, and turned white" in out
    assert "something needs attention" in out
    prepare = ["prepare", scans, "--architecture", "vgg19", "--image-size", "32", "--cache", "cache"]
    code, _, error = arttl(*prepare)
    assert code == 2
    assert "1 of 24 images have more than 8 bits of grey" in error
    upright = ["--set", "decoding=upright"]
    assert arttl("check", scans, *upright)[0] == 0
    code, out, error = arttl(*prepare, *upright)
    assert code == 0, error
    assert "classes: a, b" in out


def test_prepare_says_what_is_lost(arttl, scans):
    with Image.open(scans / "a" / "00.png") as picture:
        picture = picture.convert("RGBA")
    picture.putalpha(0)
    picture.save(scans / "a" / "00.png")
    assert "1 of 24 images are transparent" in arttl("check", scans)[1]
    code, out, _ = arttl("prepare", scans, "--architecture", "vgg19", "--image-size", "32", "--cache", "cache")
    assert (code, "1 of 24 images are transparent" in out) == (0, True)


def test_a_run_refuses_and_says_the_same(deep, tmp_path, capsys):
    from arttl.collections import Collection
    from arttl.transfer import CollectionData

    table = pd.DataFrame({"image_id": list(deep), "path": [str(path) for path in deep.values()], "type": "x"})
    data = CollectionData(Collection("scans", table, ("type",)), None, tmp_path / "cache")
    with pytest.raises(InputError, match="1 of 3 images have more than 8 bits"):
        data.store(8, fine_tuning())
    store = data.store(8, fine_tuning().changed({"decoding": "upright"}))
    assert (store.image_ids, capsys.readouterr().out) == (["a", "b", "c"], "")
    two = CollectionData(Collection("scans", table[table.image_id != "b"], ("type",)), None, tmp_path / "cache")
    two.store(8, fine_tuning())
    two.store(9, fine_tuning())
    assert capsys.readouterr().out.count("1 of 2 images are transparent") == 1
    assert "1 of 2 images are transparent" in two.reading_losses["load_img"][0]


def test_large_scans_are_let_in_by_an_option(arttl, scans, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500_000)  # so that a megapixel is large
    Image.new("L", (1250, 1000)).save(scans / "a" / "large.png")
    assert arttl("check", scans)[0] == 1
    assert "1250 x 1000 pixels; --max-megapixels 2" in Path("runs/check-scans.csv").read_text(encoding="utf-8")
    assert arttl("check", scans, "--max-megapixels", "1")[0] == 1
    assert arttl("check", scans, "--max-megapixels", "2")[0] == 0
    prepare = ["prepare", scans, "--architecture", "vgg19", "--image-size", "32", "--cache", "cache"]
    code, _, error = arttl(*prepare)
    assert code == 2
    assert "--max-megapixels 2" in error
    code, out, error = arttl(*prepare, "--skip-bad-images")
    assert (code, "images at 32 pixels: 24" in out) == (0, True), error
    code, out, error = arttl(*prepare, "--skip-bad-images", "--max-megapixels", "2")
    assert (code, "images at 32 pixels: 25" in out) == (0, True), error


# --- formats


def test_listed_suffixes_are_those_of_the_decoders_formats():
    Image.init()
    formats = {*FORMATS, "MPO", "AVIF"}
    ours = {suffix for suffix, name in Image.registered_extensions().items() if name in formats}
    ours |= {".avif", ".avifs"}  # which older Pillows do not know, and the decoder then names
    assert ours - {".pfm"} == IMAGE_SUFFIXES  # floating-point samples
    assert IMAGE_SUFFIXES.isdisjoint(FOREIGN_SUFFIXES)


@pytest.mark.skipif(not features.check("avif"), reason="Pillow without AVIF")
def test_avif_is_read_whatever_its_suffix(tmp_path):
    for name in ("a.avif", "a.jpg"):
        RGB.save(tmp_path / name, "AVIF", quality=100)
        np.testing.assert_allclose(
            decode_image(tmp_path / name, Decoding((4, 4))), np.full((4, 4, 3), (255, 0, 0)), atol=3
        )


@pytest.mark.parametrize(("brand", "cause"), [(b"heic", "HEIC, which is not read: convert"), (b"mif1", "HEIC")])
def test_heic_is_named(tmp_path, brand, cause):
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(64))
    with pytest.raises(BadImage, match=cause):
        decode_image(tmp_path / "a.jpg", Decoding((4, 4)))


def test_an_unread_avif_names_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr("arttl.images.picture.FORMATS", ("JPEG", "PNG"))
    (tmp_path / "a.avif").write_bytes(b"\0\0\0\x18ftypavif" + bytes(64))
    with pytest.raises(BadImage, match=r"pillow 11\.3"):
        decode_image(tmp_path / "a.avif", Decoding((4, 4)))


def test_the_bound_of_large_pictures(tmp_path):
    (tmp_path / "large.png").write_bytes(png(20000, 9000, 8, 2, b""))
    with pytest.raises(BadImage, match="20000 x 9000 pixels; max_megapixels=180 reads it"):
        decode_image(tmp_path / "large.png", Decoding((4, 4)))
