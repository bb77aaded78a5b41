"""Decoding against pixels worked out by hand, and files broken on purpose."""

from __future__ import annotations

import struct
import warnings
import zlib

import numpy as np
import pytest
from pictures import BLACK, BLUE, GREEN, RED, WHITE, chunk, noise_bytes, palette_picture, pixels_of, png
from PIL import Image, ImageFile

from arttl.base.errors import InputError
from arttl.images import BadImage, Decoding, decode_image

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


DECODINGS = [
    Decoding((16, 16), "nearest"),
    Decoding((16, 16), "antialiased"),
    Decoding((16, 16), "nearest", "load_img"),
    Decoding((16, 16), "antialiased", "load_img"),
]
every_decoding = pytest.mark.parametrize("decoding", DECODINGS, ids=lambda decoding: decoding.label)

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
@every_decoding
def test_a_truncated_file_is_found(tmp_path, file_format, options, kept, decoding):
    whole = noise_bytes(file_format, **options)
    path = tmp_path / "picture"
    path.write_bytes(whole)
    decode_image(path, decoding)
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(BadImage) as error:
        decode_image(path, decoding)
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


@every_decoding
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_readable_picture_is_named_with_its_cause(tmp_path, name, decoding):
    content, cause = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadImage, match=cause):
        decode_image(tmp_path / name, decoding)


@every_decoding
def test_missing_files_and_folders_and_float_samples_are_bad(tmp_path, decoding):
    pixels_of([[0.5, 1.0]], dtype=np.float32).save(tmp_path / "float.tif")
    for name, cause in {"none.jpg": "no such file", ".": "directory", "float.tif": "floating-point"}.items():
        with pytest.raises(BadImage, match=cause):
            decode_image(tmp_path / name, decoding)


def test_samples_that_16_bits_do_not_hold_are_bad(tmp_path):
    pixels_of([[0, 70000]], dtype=np.int32).save(tmp_path / "deep.tif")
    with pytest.raises(BadImage, match=r"outside 0\.\.65535"):
        decode_image(tmp_path / "deep.tif", Decoding((2, 2)))


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


@pytest.mark.parametrize("arguments", [((2, 2), "bicubic"), ((0, 2), "nearest"), ((2, 2), "nearest", "exif")])
def test_decoding_refuses_what_does_not_exist(arguments):
    with pytest.raises(ValueError, match=r"method|size|reading"):
        Decoding(*arguments)
