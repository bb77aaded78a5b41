"""The image store against hand-computed pixels, Keras' own load_img, and files broken on purpose."""

from __future__ import annotations

import csv
import io
import os
import pickle
import random
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import types
import warnings
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image, ImageFile

from arttl.errors import InputError
from arttl.images import BadImage, Decoding, ImageStore, decode_image, files_fingerprint, store

RED, GREEN, BLUE, WHITE, BLACK = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]
REPOSITORY = Path(store.__file__).parents[2]


def pixels_of(values, mode=None, dtype=np.uint8):
    return Image.fromarray(np.array(values, dtype), mode) if mode else Image.fromarray(np.array(values, dtype))


def palette_picture():
    picture = Image.new("P", (2, 2))
    picture.putpalette(RED + GREEN + BLUE + [9, 8, 7])
    picture.putdata([0, 1, 2, 3])
    return picture


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, depth, colour, rows, extra=b""):
    """A PNG by hand (PNG specification, section 11.2), to declare what Pillow would not write."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def noise_bytes(file_format, **options):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, file_format, **options)
    return buffer.getvalue()


# name, picture, save options, pixels of its first row and second row
MODES = [
    ("bilevel.png", pixels_of([[0, 1], [1, 0]], dtype=bool), {}, [[BLACK, WHITE], [WHITE, BLACK]]),
    ("grey.png", pixels_of([[0, 7], [100, 255]]), {}, [[[0] * 3, [7] * 3], [[100] * 3, WHITE]]),
    ("grey_key.png", pixels_of([[0, 7], [100, 255]]), {"transparency": 7}, [[BLACK, WHITE], [[100] * 3, WHITE]]),
    # over white: 255 + (100 - 255) * 128 / 255 = 177.2
    (
        "grey_alpha.png",
        pixels_of([[[0, 255], [0, 0]], [[100, 128], [255, 3]]], "LA"),
        {},
        [[BLACK, WHITE], [[177] * 3, WHITE]],
    ),
    ("rgb.bmp", pixels_of([[RED, GREEN], [BLUE, [9, 8, 7]]]), {}, [[RED, GREEN], [BLUE, [9, 8, 7]]]),
    (
        "rgb_key.png",
        pixels_of([[RED, GREEN], [BLUE, BLACK]]),
        {"transparency": (0, 0, 255)},
        [[RED, GREEN], [WHITE, BLACK]],
    ),
    # red at 128/255: the white below keeps 127/255 of green and blue
    (
        "rgba.png",
        pixels_of([[[255, 0, 0, 128], [0, 255, 0, 255]], [[0, 0, 255, 0], [0, 0, 0, 51]]]),
        {},
        [[[255, 127, 127], GREEN], [WHITE, [204] * 3]],
    ),
    ("rgba.webp", pixels_of([[[255, 0, 0, 128]] * 2] * 2), {"lossless": True}, [[[255, 127, 127]] * 2] * 2),
    ("palette.png", palette_picture(), {}, [[RED, GREEN], [BLUE, [9, 8, 7]]]),
    ("palette_key.png", palette_picture(), {"transparency": 1}, [[RED, WHITE], [BLUE, [9, 8, 7]]]),
    ("palette_key.gif", palette_picture(), {"transparency": 2}, [[RED, GREEN], [WHITE, [9, 8, 7]]]),
    # alpha per palette entry: blue at 128/255
    (
        "palette_alpha.png",
        palette_picture(),
        {"transparency": bytes([255, 0, 128, 255])},
        [[RED, WHITE], [[127, 127, 255], [9, 8, 7]]],
    ),
    # 8 bits = 16 bits / 257, rounded: 300 / 257 = 1.17, 386 / 257 = 1.502
    ("grey16.png", pixels_of([[0, 65535], [300, 386]], dtype=np.uint16), {}, [[BLACK, WHITE], [[1] * 3, [2] * 3]]),
    ("grey16_big.tif", pixels_of([[0, 65535], [300, 386]], dtype=">u2"), {}, [[BLACK, WHITE], [[1] * 3, [2] * 3]]),
    ("grey32.tif", pixels_of([[0, 65535], [300, 386]], dtype=np.int32), {}, [[BLACK, WHITE], [[1] * 3, [2] * 3]]),
    # cyan, magenta, yellow, black
    (
        "cmyk.tif",
        pixels_of([[[0, 255, 255, 0], [0, 0, 0, 255]], [[0, 0, 0, 0], [255, 0, 255, 0]]], "CMYK"),
        {},
        [[RED, BLACK], [WHITE, GREEN]],
    ),
]


@pytest.mark.filterwarnings("ignore:.*'mode' parameter:DeprecationWarning")
@pytest.mark.parametrize("method", ["nearest", "antialiased"])
@pytest.mark.parametrize(("name", "picture", "options", "expected"), MODES, ids=[row[0] for row in MODES])
def test_every_mode_gives_the_pixels_worked_out_by_hand(tmp_path, name, picture, options, expected, method):
    picture.save(tmp_path / name, **options)
    decoded = decode_image(tmp_path / name, Decoding((2, 2), method))
    assert decoded.dtype == np.uint8
    np.testing.assert_allclose(decoded.astype(int), expected, atol=1)
    if "alpha" not in name and "rgba" not in name:  # there, one level of rounding is Pillow's choice
        np.testing.assert_array_equal(decoded, expected)


def test_nearest_picks_the_pixel_under_the_centre(tmp_path):
    pixels_of([[RED, GREEN, BLUE, WHITE]]).save(tmp_path / "row.png")
    # centres of 2 output pixels fall on positions 1 and 3 of 4; of 8 on every pixel twice
    np.testing.assert_array_equal(decode_image(tmp_path / "row.png", Decoding((1, 2))), [[GREEN, WHITE]])
    widened = decode_image(tmp_path / "row.png", Decoding((1, 8)))
    np.testing.assert_array_equal(widened, [[RED, RED, GREEN, GREEN, BLUE, BLUE, WHITE, WHITE]])


def test_antialiased_averages_what_nearest_picks_from(tmp_path):
    board = np.indices((64, 64)).sum(0) % 2 * 255
    pixels_of(board).save(tmp_path / "board.png")
    assert np.abs(decode_image(tmp_path / "board.png", Decoding((8, 8), "antialiased")).astype(int) - 127).max() <= 4
    assert set(np.unique(decode_image(tmp_path / "board.png", Decoding((8, 8))))) <= {0, 255}


def test_antialiased_jpeg_at_a_reduced_scale_is_close_to_the_full_decode(tmp_path):
    y, x = np.mgrid[:640, :800]
    Image.fromarray(np.stack([x / 4, y / 4, 128 + 100 * np.sin(x / 9)], -1).astype(np.uint8)).save(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as picture:
        full = np.asarray(picture.resize((64, 48), Image.Resampling.LANCZOS), int)
    difference = np.abs(decode_image(tmp_path / "a.jpg", Decoding((48, 64), "antialiased")) - full)
    assert difference.max() <= 6
    assert difference.mean() <= 1


def test_a_turned_jpeg_is_not_reduced_below_the_size_wanted(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    stripes = np.repeat(np.arange(200) // 4 % 2 * 255, 1600).reshape(200, 1600)  # upright: 1600 high, 200 wide
    pixels_of(stripes).save(tmp_path / "a.jpg", exif=exif, quality=95)
    decoded = decode_image(tmp_path / "a.jpg", Decoding((20, 200), "antialiased")).astype(int)
    np.testing.assert_allclose(decoded[:, :, 0], np.tile(np.arange(200) // 4 % 2 * 255, (20, 1))[:, ::-1], atol=30)


@pytest.mark.parametrize("shape", [(61, 47, 3), (300, 400, 3), (33, 90)])
def test_nearest_equals_keras_load_img_bit_for_bit(tmp_path, shape):
    from keras.utils import load_img

    path = tmp_path / "picture.jpg"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)).save(path, quality=80)
    expected = load_img(path, target_size=(50, 64), interpolation="nearest")
    np.testing.assert_array_equal(decode_image(path, Decoding((50, 64))), np.asarray(expected))


# What a 2 x 1 picture (red left, blue right) looks like upright, by EXIF orientation
UPRIGHT = {
    1: [[RED, BLUE]],
    2: [[BLUE, RED]],
    3: [[BLUE, RED]],
    4: [[RED, BLUE]],
    5: [[RED], [BLUE]],
    6: [[RED], [BLUE]],  # row 0 is the right-hand side: turn it clockwise
    7: [[BLUE], [RED]],
    8: [[BLUE], [RED]],
}


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "JPEG"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_is_applied(tmp_path, file_format, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    wide = np.kron(np.array([[RED, BLUE]], np.uint8), np.ones((32, 32, 1), np.uint8))
    Image.fromarray(wide).save(
        tmp_path / "turned", file_format, exif=exif, **({"quality": 95} if file_format == "JPEG" else {})
    )
    expected = np.array(UPRIGHT[orientation])
    for method in ("nearest", "antialiased"):
        height, width = 4 * expected.shape[0], 4 * expected.shape[1]
        decoded = decode_image(tmp_path / "turned", Decoding((height, width), method)).astype(int)
        np.testing.assert_allclose(decoded[2::4, 2::4], expected, atol=40)


def test_orientation_6_of_an_asymmetric_picture_turns_it_clockwise(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels_of([[RED, GREEN, BLUE], [WHITE, BLACK, WHITE]]).save(tmp_path / "a.png", exif=exif)
    expected = [[WHITE, RED], [BLACK, GREEN], [WHITE, BLUE]]
    np.testing.assert_array_equal(decode_image(tmp_path / "a.png", Decoding((3, 2))), expected)


def test_garbage_exif_does_not_make_a_sound_picture_bad(tmp_path):
    # A resolution in the JFIF header keeps Pillow from looking into the EXIF block before we do.
    pixels_of([[RED, RED]] * 2).save(tmp_path / "a.jpg", exif=b"Exif\0\0XX*\0garbage!", quality=95, dpi=(72, 72))
    assert decode_image(tmp_path / "a.jpg", Decoding((2, 2)))[0, 0, 0] > 250


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(decode_image(tmp_path / "a.gif", Decoding((1, 1))), [[RED]])


def test_adobe_cmyk_jpeg_is_not_inverted(tmp_path):
    pixels_of(np.full((8, 8, 4), [0, 255, 255, 0]), "CMYK").save(tmp_path / "a.jpg", quality=100)
    np.testing.assert_allclose(decode_image(tmp_path / "a.jpg", Decoding((1, 1))).astype(int), [[RED]], atol=3)


TRUNCATED = [
    ("JPEG", {}),
    ("JPEG", {"progressive": True}),
    ("PNG", {}),
    ("TIFF", {}),
    ("BMP", {}),
    ("GIF", {}),
    ("WEBP", {"lossless": True}),
    ("PPM", {}),
]


@pytest.mark.parametrize("kept", [0.4, 0.98])
@pytest.mark.parametrize(("file_format", "options"), TRUNCATED)
@pytest.mark.parametrize("method", ["nearest", "antialiased"])
def test_a_truncated_file_is_found(tmp_path, file_format, options, kept, method):
    whole = noise_bytes(file_format, **options)
    path = tmp_path / "picture"
    path.write_bytes(whole)
    decode_image(path, Decoding((16, 16), method))
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(BadImage) as error:
        decode_image(path, Decoding((16, 16), method))
    assert error.value.cause
    assert "\n" not in str(error.value)


BROKEN = {
    "empty.jpg": (b"", "empty file"),
    "text.jpg": (b"<html>404 Not Found</html>", "not a picture in a known format"),
    "postscript.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture in a known format"),
    "bomb.png": (png(50000, 50000, 8, 2, b""), "decompression bomb: 50000 x 50000 pixels"),
    "text_bomb.png": (
        png(1, 1, 8, 2, b"\0\1\2\3", chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**23)))),
        "Decompressed data too large",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_readable_picture_is_named_with_its_cause(tmp_path, name):
    content, cause = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadImage, match=cause):
        decode_image(tmp_path / name, Decoding((2, 2)))


def test_missing_files_and_folders_and_float_samples_are_bad(tmp_path):
    pixels_of([[0.5, 1.0]], dtype=np.float32).save(tmp_path / "float.tif")
    pixels_of([[0, 70000]], dtype=np.int32).save(tmp_path / "deep.tif")
    causes = {
        "none.jpg": "no such file",
        ".": "directory",
        "float.tif": "floating-point",
        "deep.tif": "outside 0..65535",
    }
    for name, cause in causes.items():
        with pytest.raises(BadImage, match=cause):
            decode_image(tmp_path / name, Decoding((2, 2)))


def test_a_large_picture_below_the_limit_is_read_without_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 90 * 120 - 1)
    (tmp_path / "large.png").write_bytes(noise_bytes("PNG"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode_image(tmp_path / "large.png", Decoding((2, 2))).shape == (2, 2, 3)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 90 * 120 // 2 - 1)
    with pytest.raises(BadImage, match="decompression bomb: 120 x 90 pixels"):
        decode_image(tmp_path / "large.png", Decoding((2, 2)))


def test_a_transparent_16_bit_grey_is_white(tmp_path):
    grey = png(2, 1, 16, 0, b"\0" + struct.pack(">2H", 300, 32767), chunk(b"tRNS", struct.pack(">H", 300)))
    (tmp_path / "grey.png").write_bytes(grey)
    np.testing.assert_array_equal(decode_image(tmp_path / "grey.png", Decoding((1, 2))), [[WHITE, [127] * 3]])


def test_hidden_truncation_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    (tmp_path / "a.png").write_bytes(noise_bytes("PNG"))
    with pytest.raises(InputError, match="LOAD_TRUNCATED_IMAGES"):
        decode_image(tmp_path / "a.png", Decoding((2, 2)))


@pytest.mark.parametrize("arguments", [((2, 2), "bicubic"), ((0, 2), "nearest")])
def test_decoding_refuses_what_does_not_exist(arguments):
    with pytest.raises(ValueError, match=r"method|size"):
        Decoding(*arguments)


DECODING = Decoding((8, 8))


@pytest.fixture
def images(tmp_path):
    """Twelve pictures of one colour each: image i has all pixels (i, 2i, 3i)."""
    (tmp_path / "data").mkdir()
    paths = {f"id-{number}": tmp_path / "data" / f"{number}.png" for number in range(12)}
    for number, path in enumerate(paths.values()):
        Image.new("RGB", (10, 10), (number, 2 * number, 3 * number)).save(path)
    return paths


def build(images, tmp_path, **options):
    return ImageStore.build(images, DECODING, tmp_path / "stores", progress=False, **options)


def forbid_decoding(monkeypatch):
    def refuse(path, decoding):
        raise AssertionError(f"{path} was decoded again")

    monkeypatch.setattr(store, "decode_image", refuse)


def test_store_reads_back_every_image_in_the_order_asked(images, tmp_path):
    built = build(images, tmp_path)
    assert len(built) == 12
    assert built.image_ids == list(images)  # as given, though id-10 sorts before id-2
    assert built.bad == {}
    pixels = built.read(built.rows(["id-11", "id-2", "id-11"]))
    assert pixels.shape == (3, 8, 8, 3)
    assert pixels.dtype == np.uint8
    for image, number in zip(pixels, (11, 2, 11), strict=True):
        np.testing.assert_array_equal(image, np.broadcast_to([number, 2 * number, 3 * number], (8, 8, 3)))
    pixels[:] = 0  # a copy: the store is not changed
    assert built.read(built.rows(["id-2"]))[0, 0, 0].tolist() == [2, 4, 6]
    assert built.read([]).shape == (0, 8, 8, 3)


def test_unknown_ids_and_rows_are_refused(images, tmp_path):
    built = build(images, tmp_path)
    with pytest.raises(ValueError, match=r"2 of 3 images are not in .*first 'x' \(unknown image_id\)"):
        built.rows(["id-1", "x", "y"])
    for rows in ([12], [-1], [0.5], np.ones(12, bool)):
        with pytest.raises(IndexError, match="rows"):
            built.read(rows)


def test_second_build_decodes_nothing_in_any_order(images, tmp_path, monkeypatch):
    first = build(images, tmp_path)
    forbid_decoding(monkeypatch)
    shuffled = list(images.items())
    random.Random(0).shuffle(shuffled)
    second = build(dict(shuffled), tmp_path)
    assert second.fingerprint == first.fingerprint
    assert second.image_ids == [image_id for image_id, _ in shuffled]
    np.testing.assert_array_equal(second.read(second.rows(images)), first.read(first.rows(images)))
    moved = shutil.copytree(tmp_path / "data", tmp_path / "moved")  # with its modification times
    assert build({key: moved / path.name for key, path in images.items()}, tmp_path).fingerprint == first.fingerprint


def test_fingerprint_follows_files_ids_and_decoding(images, tmp_path):
    fingerprints = {build(images, tmp_path).fingerprint}
    Image.new("RGB", (10, 10), (200, 0, 0)).save(images["id-3"])
    changed = build(images, tmp_path)
    assert changed.read(changed.rows(["id-3"]))[0, 0, 0].tolist() == [200, 0, 0]
    fingerprints.add(changed.fingerprint)
    os.utime(images["id-4"], ns=(1, 1))  # small files count with their content, not their time
    assert build(images, tmp_path).fingerprint == changed.fingerprint
    fingerprints.add(build({f"other {key}": path for key, path in images.items()}, tmp_path).fingerprint)
    fingerprints.add(ImageStore.build(images, Decoding((8, 9)), tmp_path, progress=False).fingerprint)
    fingerprints.add(ImageStore.build(images, Decoding((8, 8), "antialiased"), tmp_path, progress=False).fingerprint)
    assert len(fingerprints) == 5


def test_large_files_count_with_their_ends_and_time(tmp_path):
    path = tmp_path / "large.bmp"
    fingerprints = set()
    for place in (0, 99_999):
        content = bytearray(100_000)
        content[place] = 1
        path.write_bytes(content)
        os.utime(path, ns=(5, 5))
        fingerprints.add(files_fingerprint({"id": path}))
    assert len(fingerprints) == 2
    os.utime(path, ns=(6, 6))
    assert files_fingerprint({"id": path}) not in fingerprints
    assert files_fingerprint({"id": tmp_path / "missing"}) not in fingerprints


def test_the_file_is_plain_hdf5_and_nothing_else_is_left(images, tmp_path):
    built = build(images, tmp_path)
    assert built.path.name == f"images-8x8-nearest-{built.fingerprint[:12]}.h5"
    with h5py.File(built.path) as file:
        ids = [name.decode() for name in file["image_ids"]]
        assert file["pixels"][ids.index("id-7"), 0, 0].tolist() == [7, 14, 21]
        assert file["state"][:].tolist() == [1] * 12
        assert (file.attrs["fingerprint"], file.attrs["method"]) == (built.fingerprint, "nearest")
    assert [path.name for path in built.path.parent.iterdir() if path.name[0] != "."] == [built.path.name]


def test_a_pickled_store_reopens_its_file(images, tmp_path):
    built = build(images, tmp_path)
    pickled = pickle.dumps(built)
    assert len(pickled) < 2000  # no pixels in it
    copy = pickle.loads(pickled)
    np.testing.assert_array_equal(copy.read(copy.rows(images)), built.read(built.rows(images)))


def test_ids_and_paths_of_any_characters(images, tmp_path):
    names = {"Naïve, “quoted”\n": images["id-1"], "latin \udce9": tmp_path / "missing \udce9.jpg", "": images["id-2"]}
    built = build(names, tmp_path, skip_bad_images=True)
    assert built.read(built.rows(["Naïve, “quoted”\n", ""]))[:, 0, 0, 0].tolist() == [1, 2]
    assert built.bad == {"latin \udce9": "no such file"}


@pytest.fixture
def spoilt(images):
    images["id-2"].write_bytes(b"not a picture")
    images["id-5"].unlink()
    images["id-7"].write_bytes(noise_bytes("JPEG")[:-50])  # opens, and is truncated
    return images


def test_bad_images_stop_the_build_with_one_line_and_a_report(spoilt, tmp_path, monkeypatch):
    with pytest.raises(InputError) as error:
        build(spoilt, tmp_path)
    (report,) = (tmp_path / "stores").glob("bad-images-*.csv")
    message = str(error.value)
    assert "\n" not in message
    for part in ("3 of 12 images", str(spoilt["id-2"]), "not a picture", str(report), "--skip-bad-images goes on"):
        assert part in message
    with open(report, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image_id"] for row in rows] == ["id-2", "id-5", "id-7"]
    assert [row["path"] for row in rows] == [str(spoilt[key]) for key in ("id-2", "id-5", "id-7")]
    assert rows[1]["cause"] == "no such file"
    assert "truncated" in rows[2]["cause"]

    forbid_decoding(monkeypatch)  # the work is not lost, nor repeated
    built = build(spoilt, tmp_path, skip_bad_images=True)
    assert list(built.bad) == ["id-2", "id-5", "id-7"]
    assert built.bad == {row["image_id"]: row["cause"] for row in rows}
    assert built.image_ids == [key for key in spoilt if key not in built.bad]
    assert len(built) == 9
    pixels = built.read(built.rows(built.image_ids))
    assert pixels[:, 0, 0, 0].tolist() == [0, 1, 3, 4, 6, 8, 9, 10, 11]
    with pytest.raises(ValueError, match=r"id-5.*no such file"):
        built.rows(["id-5"])
    np.testing.assert_array_equal(built.read(np.arange(9)), pixels)  # positions count readable images only
    with pytest.raises(IndexError):
        built.read([9])


def test_only_bad_images_are_tried_again(spoilt, tmp_path, monkeypatch):
    build(spoilt, tmp_path, skip_bad_images=True)
    tried = []

    def mended(path, decoding):
        tried.append(path)
        return np.full((8, 8, 3), 99, np.uint8)

    monkeypatch.setattr(store, "decode_image", mended)
    built = build(spoilt, tmp_path)  # does not skip, so it looks again
    assert set(tried) == {spoilt[key] for key in ("id-2", "id-5", "id-7")}
    assert built.bad == {}
    assert (built.read(built.rows(["id-5"])) == 99).all()
    assert not list((tmp_path / "stores").glob("bad-images-*.csv"))


def test_no_readable_image_is_an_error_even_when_skipping(tmp_path):
    with pytest.raises(InputError, match=r"none of the 2 images can be read.*check the data folder"):
        build({"a": tmp_path / "a.jpg", "b": tmp_path / "b.jpg"}, tmp_path, skip_bad_images=True)
    with pytest.raises(InputError, match="no images"):
        build({}, tmp_path)


KILLED = """
import sys, time
from pathlib import Path
from arttl.images import Decoding, ImageStore, store
store.SYNC_SECONDS = 0.02
decode = store.decode_image
def slow(path, decoding):
    time.sleep(0.02)
    return decode(path, decoding)
store.decode_image = slow
paths = sorted(Path(sys.argv[1]).iterdir())
ImageStore.build({path.name: path for path in paths}, Decoding((8, 8)), sys.argv[2], workers=2, progress=False)
"""


def start_slow_build(data, folder):
    return subprocess.Popen([sys.executable, "-c", KILLED, str(data), str(folder)], cwd=REPOSITORY)


def done_rows(folder):
    partial = next(folder.glob("*.partial.h5"), None) if folder.exists() else None
    if partial is None:
        return 0
    with h5py.File(partial, "r", locking=False) as file:
        return int((file["state"][:] == 1).sum())


def test_a_killed_build_is_continued(tmp_path, monkeypatch):
    data, folder = tmp_path / "data", tmp_path / "stores"
    data.mkdir()
    for number in range(200):
        Image.new("RGB", (10, 10), (number, 1, 2)).save(data / f"{number:03}.png")
    process = start_slow_build(data, folder)
    end = time.monotonic() + 60
    while done_rows(folder) < 20 and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    done = done_rows(folder)
    assert 20 <= done < 200

    decoded = []

    def counting(path, decoding, decode=decode_image):
        decoded.append(path)
        return decode(path, decoding)

    monkeypatch.setattr(store, "decode_image", counting)
    images = {path.name: path for path in sorted(data.iterdir())}
    continued = ImageStore.build(images, DECODING, folder, progress=False)
    assert len(decoded) == len(set(decoded)) == 200 - done
    fresh = ImageStore.build(images, DECODING, tmp_path / "fresh", progress=False)
    np.testing.assert_array_equal(continued.read(continued.rows(images)), fresh.read(fresh.rows(images)))
    assert continued.read(continued.rows(images))[:, 0, 0, 0].tolist() == list(range(200))
    assert not list(folder.glob("*.partial.h5"))


def test_an_interrupted_build_keeps_what_was_finished(images, tmp_path, monkeypatch):
    def interrupted(path, decoding):
        if path.stem == "9":  # the last but none by id order: ids sort as text
            raise KeyboardInterrupt
        return decode_image(path, decoding)

    monkeypatch.setattr(store, "decode_image", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(images, tmp_path, workers=1)
    assert done_rows(tmp_path / "stores") == 11
    monkeypatch.setattr(store, "decode_image", decode_image)
    assert len(build(images, tmp_path)) == 12


@pytest.mark.parametrize("damage", ["cut", "garbage", "other"])
@pytest.mark.parametrize("name", ["final", "partial"])
def test_a_damaged_store_is_made_again(images, tmp_path, damage, name):
    built = build(images, tmp_path)
    expected = built.read(built.rows(images))
    path = built.path
    if name == "partial":
        path = path.rename(path.with_suffix(".partial.h5"))
    if damage == "cut":
        os.truncate(path, path.stat().st_size - 100)
    elif damage == "garbage":
        path.write_bytes(b"garbage")
    else:
        with h5py.File(path, "w") as file:
            file.attrs["something"] = "else"
    again = build(images, tmp_path)
    np.testing.assert_array_equal(again.read(again.rows(images)), expected)


def test_concurrent_builds_share_one_decoding(images, tmp_path, monkeypatch):
    decoded, built = [], []

    def slow(path, decoding):
        decoded.append(path)
        time.sleep(0.01)
        return decode_image(path, decoding)

    monkeypatch.setattr(store, "decode_image", slow)
    threads = [threading.Thread(target=lambda: built.append(build(images, tmp_path, workers=2))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(decoded) == 12
    assert len(built) == 4
    for each in built:
        assert each.read(each.rows(images))[:, 0, 0, 0].tolist() == list(range(12))


def test_a_second_process_waits_for_the_first_and_reuses_its_store(tmp_path, monkeypatch, capsys):
    data, folder = tmp_path / "data", tmp_path / "stores"
    data.mkdir()
    for number in range(150):
        Image.new("RGB", (10, 10), (number, 1, 2)).save(data / f"{number:03}.png")
    process = start_slow_build(data, folder)
    end = time.monotonic() + 60
    while done_rows(folder) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    forbid_decoding(monkeypatch)
    images = {path.name: path for path in sorted(data.iterdir())}
    built = ImageStore.build(images, DECODING, folder)
    assert process.wait() == 0
    assert built.read(built.rows(images))[:, 0, 0, 0].tolist() == list(range(150))
    assert "waiting for another process" in capsys.readouterr().err


def test_progress_is_shown_on_stderr(images, tmp_path, capsys):
    ImageStore.build(images, DECODING, tmp_path / "stores")
    captured = capsys.readouterr()
    assert "decoding images" in captured.err
    assert captured.out == ""


def test_a_full_disk_or_unwritable_folder_is_named(images, tmp_path, monkeypatch):
    (tmp_path / "stores").write_text("a file where the folder should be")
    with pytest.raises(InputError, match=r"stores cannot be written.*name another folder"):
        build(images, tmp_path)
    (tmp_path / "stores").unlink()

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda folder: types.SimpleNamespace(free=0))
        with pytest.raises(InputError, match=r"needs 0\.0 GB and 0\.0 GB are free"):
            build(images, tmp_path)
        assert not list((tmp_path / "stores").glob("*.h5"))

    def full(descriptor, data, offset):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(InputError, match=r"stores cannot be written: No space left on device; free space"):
            build(images, tmp_path)
    assert not [path for path in (tmp_path / "stores").glob("*.h5") if "partial" not in path.name]
    assert len(build(images, tmp_path)) == 12  # and once there is space again, it goes on


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_finished_store_in_a_read_only_folder_is_reused(images, tmp_path):
    build(images, tmp_path)
    (tmp_path / "stores").chmod(0o555)
    try:
        assert len(build(images, tmp_path)) == 12
    finally:
        (tmp_path / "stores").chmod(0o755)


def test_importing_it_does_not_import_keras():
    code = "import sys, arttl.images; sys.exit(any(name in sys.modules for name in ('keras', 'tensorflow')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY).returncode == 0
