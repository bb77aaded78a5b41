"""The reading "load_img" against keras.utils.load_img, bit for bit, and against pixels worked out by hand."""

from __future__ import annotations

import struct
import warnings

import numpy as np
import PIL
import pytest
from keras.utils import load_img
from pictures import BLACK, BLUE, GREEN, RED, WHITE, chunk, palette_picture, pixels_of, png
from PIL import Image
from stores import build

from arttl.images import Decoding, decode_image
from arttl.images.filling import fingerprint_of
from arttl.images.identity import files_fingerprint

HEIGHT, WIDTH = 24, 30
NOISE = np.random.default_rng(0).integers(0, 65536, (HEIGHT, WIDTH, 4))
SIZES = {"equal": (HEIGHT, WIDTH), "smaller": (7, 11), "larger": (50, 41)}
LOSSLESS = {"lossless": True, "exact": True}


def noise(mode):
    bands = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (WIDTH, HEIGHT), NOISE[..., :bands].astype(np.uint8).tobytes())


def bilevel():
    return Image.fromarray(NOISE[..., 0] > 32767)


def palette():
    picture = noise("P")
    picture.putpalette(np.random.default_rng(1).integers(0, 256, 768, dtype=np.uint8).tobytes())
    return picture


def deep_grey(kind, low=0, high=65535):
    values = np.linspace(low, high, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    values[0, :4] = 0, 255, 256, 300
    return Image.fromarray(values.astype(kind))


def animation():
    return {"save_all": True, "append_images": [noise("RGB").rotate(180)]}


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return {"exif": exif}


# file name -> the mode Pillow opens it in, picture, save options
FILES = {
    "bilevel.png": ("1", bilevel(), {}),
    "bilevel.tif": ("1", bilevel(), {"compression": "group4"}),
    "bilevel.bmp": ("1", bilevel(), {}),
    "bilevel.pbm": ("1", bilevel(), {}),
    "grey.png": ("L", noise("L"), {}),
    "grey.jpg": ("L", noise("L"), {}),
    "grey.gif": ("L", deep_grey(np.uint8, 0, 255), {}),
    "grey_key.png": ("L", noise("L"), {"transparency": 7}),
    "grey_alpha.png": ("LA", noise("LA"), {}),
    "grey_alpha.tif": ("LA", noise("LA"), {}),
    "grey_alpha.jp2": ("LA", noise("LA"), {}),
    "palette.png": ("P", palette(), {}),
    "palette4.png": ("P", palette_picture(), {}),
    "palette.tif": ("P", palette(), {}),
    "palette.bmp": ("P", palette(), {}),
    "palette.gif": ("P", palette(), {}),
    "palette_key.png": ("P", palette(), {"transparency": 5}),
    "palette_key.gif": ("P", palette(), {"transparency": 5}),
    "palette_alpha.png": ("P", palette(), {"transparency": bytes(range(256))}),
    "palette_alpha.tif": ("PA", palette().convert("PA"), {}),
    "rgb.png": ("RGB", noise("RGB"), {}),
    "rgb.jpg": ("RGB", noise("RGB"), {}),
    "rgb_progressive.jpg": ("RGB", noise("RGB"), {"progressive": True, "subsampling": 0}),
    "rgb.tif": ("RGB", noise("RGB"), {"compression": "tiff_lzw"}),
    "rgb_jpeg.tif": ("RGB", noise("RGB"), {"compression": "jpeg"}),
    "rgb.bmp": ("RGB", noise("RGB"), {}),
    "rgb.ppm": ("RGB", noise("RGB"), {}),
    "rgb.jp2": ("RGB", noise("RGB"), {}),
    "rgb.webp": ("RGB", noise("RGB"), {}),
    "rgb_key.png": ("RGB", noise("RGB"), {"transparency": (0, 0, 255)}),
    "rgba.png": ("RGBA", noise("RGBA"), {}),
    "rgba.tif": ("RGBA", noise("RGBA"), {}),
    "rgba.webp": ("RGBA", noise("RGBA"), LOSSLESS),
    "rgba.gif": ("P", noise("RGBA"), {}),
    "cmyk.tif": ("CMYK", noise("CMYK"), {}),
    "cmyk.jpg": ("CMYK", noise("CMYK"), {}),
    "ycbcr.jpg": ("RGB", noise("YCbCr"), {}),
    "lab.tif": ("LAB", noise("LAB"), {}),
    "grey16.png": ("I;16", deep_grey(np.uint16), {}),
    "grey16.tif": ("I;16", deep_grey(np.uint16), {}),
    "grey16_big.tif": ("I;16B", deep_grey(">u2"), {}),
    "grey16.jp2": ("I;16", deep_grey(np.uint16), {}),
    "grey16.pgm": ("I", deep_grey(np.uint16), {}),
    "grey32.tif": ("I", deep_grey(np.int32, -70000, 70000), {}),
    "animation.gif": ("P", palette(), animation()),
    "animation.webp": ("RGB", noise("RGB"), animation() | LOSSLESS),
    "animation.tif": ("RGB", noise("RGB"), animation()),
    **{f"turned{number}.jpg": ("RGB", noise("RGB"), turned(number)) for number in range(1, 9)},
    **{f"turned{number}.png": ("RGB", noise("RGB"), turned(number)) for number in range(1, 9)},
    **{f"turned{number}.webp": ("RGB", noise("RGB"), turned(number)) for number in (3, 6)},
    **{f"turned{number}.tif": ("RGB", noise("RGB"), turned(number)) for number in range(1, 9)},
    "turned6_bilevel.tif": ("1", bilevel(), turned(6) | {"compression": "group4"}),
    "turned6_grey16.tif": ("I;16", deep_grey(np.uint16), turned(6)),
    "turned6_alpha.png": ("RGBA", noise("RGBA"), turned(6)),
}
if int(PIL.__version__.split(".")[0]) >= 13:  # before, its own YCbCr TIFF looked truncated to Pillow
    FILES["ycbcr.tif"] = ("YCbCr", noise("YCbCr"), {})


@pytest.fixture(params=FILES)
def path(request, tmp_path):
    """One file of the table."""
    mode, picture, options = FILES[request.param]
    path = tmp_path / request.param
    picture.save(path, **options)
    with Image.open(path) as opened:
        assert opened.mode == mode
    return path


def decode_quietly(path, decoding):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return decode_image(path, decoding)


@pytest.mark.filterwarnings("ignore:Palette images with Transparency:UserWarning")
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_nearest_equals_keras_bit_for_bit(path, size):
    decoded = decode_quietly(path, Decoding(size, "nearest", "load_img"))
    np.testing.assert_array_equal(decoded, np.asarray(load_img(path, target_size=size)))


@pytest.mark.filterwarnings("ignore:Palette images with Transparency:UserWarning")
def test_antialiased_resizes_what_keras_reads(path):
    # So near to the file's own size that a JPEG is not decoded at a reduced scale.
    decoded = decode_quietly(path, Decoding((20, 25), "antialiased", "load_img"))
    expected = load_img(path).resize((25, 20), Image.Resampling.LANCZOS, reducing_gap=3.0)
    np.testing.assert_array_equal(decoded, np.asarray(expected))


@pytest.mark.parametrize("shape", [(61, 47, 3), (300, 400, 3), (33, 90)])
def test_plain_pictures_equal_keras_in_both_readings(tmp_path, shape):
    path = tmp_path / "picture.jpg"
    pixels_of(np.random.default_rng(1).integers(0, 256, shape)).save(path, quality=80)
    expected = np.asarray(load_img(path, target_size=(50, 64), interpolation="nearest"))
    for reading in ("upright", "load_img"):
        np.testing.assert_array_equal(decode_image(path, Decoding((50, 64), "nearest", reading)), expected)


# file name -> picture, save options, its row of pixels
BY_HAND = {
    # colours under any transparency count as they are
    "rgba.png": (pixels_of([[[255, 0, 0, 128], [0, 0, 255, 0]]]), {}, [RED, BLUE]),
    "palette_key.png": (palette_picture().crop((0, 0, 2, 1)), {"transparency": 1}, [RED, GREEN]),
    "palette_alpha.png": (palette_picture().crop((0, 0, 2, 1)), {"transparency": bytes([0, 9, 9, 9])}, [RED, GREEN]),
    # grey over 255 is white
    "grey16.png": (pixels_of([[100, 300]], dtype=np.uint16), {}, [[100] * 3, WHITE]),
    "grey16_big.tif": (pixels_of([[255, 65535]], dtype=">u2"), {}, [WHITE, WHITE]),
    "grey32.tif": (pixels_of([[-5, 70000]], dtype=np.int32), {}, [BLACK, WHITE]),
    # half a turn is ignored, but in a TIFF Pillow makes it
    "turned.png": (pixels_of([[RED, BLUE]]), turned(3), [RED, BLUE]),
    "turned.tif": (pixels_of([[RED, BLUE]]), turned(3), [BLUE, RED]),
}


@pytest.mark.parametrize("method", ["nearest", "antialiased"])
@pytest.mark.parametrize("name", BY_HAND)
def test_pixels_worked_out_by_hand(tmp_path, name, method):
    picture, options, expected = BY_HAND[name]
    picture.save(tmp_path / name, **options)
    decoded = decode_image(tmp_path / name, Decoding((1, 2), method, "load_img"))
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, [expected])


def test_a_transparent_16_bit_grey_counts_as_it_is(tmp_path):
    grey = png(2, 1, 16, 0, b"\0" + struct.pack(">2H", 30, 32767), chunk(b"tRNS", struct.pack(">H", 30)))
    (tmp_path / "grey.png").write_bytes(grey)
    decoded = decode_image(tmp_path / "grey.png", Decoding((1, 2), "nearest", "load_img"))
    np.testing.assert_array_equal(decoded, [[[30] * 3, WHITE]])


def test_a_turned_jpeg_is_reduced_by_its_sides_as_stored(tmp_path):
    stripes = np.repeat(np.arange(200) // 4 % 2 * 255, 1600).reshape(200, 1600)
    pixels_of(stripes).save(tmp_path / "a.jpg", quality=95, **turned(6))
    decoded = decode_image(tmp_path / "a.jpg", Decoding((200, 20), "antialiased", "load_img")).astype(int)
    np.testing.assert_allclose(decoded[:, :, 0], stripes[:, :20], atol=30)


def test_the_reading_is_in_the_label_but_for_upright():
    assert Decoding((8, 9), "nearest", "load_img").label == "8x9-nearest-load_img"
    assert Decoding((8, 9), "antialiased", "load_img").label == "8x9-antialiased-load_img"
    assert (
        Decoding((8, 9), "antialiased", "upright").label == Decoding((8, 9), "antialiased").label == "8x9-antialiased"
    )


def test_stores_from_before_there_were_readings_stay_valid(tmp_path):
    paths = {"a": tmp_path / "missing"}
    # Recorded at commit b4cacf0, before there were readings; once filling.VERSION is no more 2, of no use.
    then = {
        "nearest": "0348000e3da9a2e21808c679505c65b5c68cb34c1e22abeabda31390ca3575d3",
        "antialiased": "8ede00bfedbc9172793bfd0849a884c9040a13554fb87cb714adb1f599fc8001",
    }
    files = files_fingerprint(paths).former
    assert {method: fingerprint_of(Decoding((8, 8), method), files) for method in then} == then
    assert fingerprint_of(Decoding((8, 8), "nearest", "load_img"), files) not in then.values()


def test_stores_of_two_readings_are_two_files(tmp_path):
    pixels_of([[[255, 0, 0, 0], [0, 0, 0, 0]]]).save(tmp_path / "clear.png")
    images = {"clear": tmp_path / "clear.png"}
    expected = {"upright": [WHITE, WHITE], "load_img": [RED, BLACK]}
    for _ in range(2):  # built, then reused
        stores = {reading: build(images, tmp_path, Decoding((1, 2), "nearest", reading)) for reading in expected}
        assert len({built.path for built in stores.values()}) == len(list((tmp_path / "stores").glob("*.h5"))) == 2
        assert stores["upright"].fingerprint != stores["load_img"].fingerprint
        for reading, pixels in expected.items():
            assert stores[reading].read([0]).tolist() == [[pixels]]
