"""How fast an image store is built and read, beside Pillow and NumPy doing only the part nobody can do without.

    python benchmarks/images.py [--images 48] [--repeats 5]

Building: 2000 x 1600 JPEGs into 224 x 224 pixels, against Pillow opening and fully decoding the same files with the
same number of threads. Reading: shuffled batches of 32 x 224 x 224 x 3 from a store, against NumPy copying them out of
an array in memory. The sides take turns; the ratio is contestant / baseline of the median rates.

Processor seconds of all threads: stores of the same JPEGs at 224 pixels alone, at 224 and 299 of one decode, and these
two with what the check and the search for duplicates want to know. The ratio is to 224 alone.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))  # run from a checkout

from arttl.base.workers import processors
from arttl.check.describing import Describing
from arttl.images import Decoding, ImageStore, build_stores, identify_files
from arttl.images.pixelfile import PixelFile, lay_out

SIZE, BATCH = (224, 224), 32
BOTH = (Decoding(SIZE), Decoding((299, 299)))
GOALS = {"images-nearest": 0.9, "images-antialiased": 1.0, "images-read": 0.5}
MOST = {"images-both-sizes": 1.05, "images-both-sizes-and-check": 1.9}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=48, help="JPEGs to decode (default: %(default)s)")
    parser.add_argument(
        "--stored", type=int, default=2000, help="images in the store that is read (default: %(default)s)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="turns of each side (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="arttl-benchmark-") as folder:
        results = compare_building(Path(folder), options.images, options.repeats)
        processor = compare_sizes(Path(folder), options.images, options.repeats)
        results["images-read"] = compare_reading(Path(folder), options.stored, options.repeats)
    print(f"{'':20}{'baseline':>12}{'arttl':>12}  images a second, median of {options.repeats}")
    for name, (baseline, contestant) in results.items():
        print(f"{name:20}{baseline:12.1f}{contestant:12.1f}")
    for name, (baseline, contestant) in results.items():
        print(f"{name}: {contestant / baseline:.2f} (goal {GOALS[name]})")
    alone = processor.pop("images-one-size")
    print(f"processor time of an image: {alone:.1f} ms at {SIZE[0]} pixels")
    for name, each in processor.items():
        print(f"{name}: {each / alone:.2f} ({each:.1f} ms; at most {MOST[name]})")


def compare_building(folder: Path, number: int, repeats: int) -> dict[str, tuple[float, float]]:
    """Median images a second of Pillow's bare decode and of each kind of build."""
    paths = write_photographs(folder / "jpegs", number)
    print(
        f"{number} JPEGs of {sum(path.stat().st_size for path in paths) / number / 1e6:.2f} MB, {processors()} threads"
    )

    def build(method: str, turn: int) -> None:
        images = {path.name: path for path in paths}
        ImageStore.build(images, Decoding(SIZE, method), folder / f"{method}-{turn}", progress=False)

    results = {}
    for method in ("nearest", "antialiased"):
        rates = take_turns(lambda _: decode_only(paths), lambda turn, method=method: build(method, turn), repeats)
        results[f"images-{method}"] = tuple(number / seconds for seconds in rates)
    return results


def compare_sizes(folder: Path, number: int, repeats: int) -> dict[str, float]:
    """Median processor milliseconds of an image, of stores of one size, of two, and of two with the check's facts."""
    images = {path.name: path for path in (folder / "jpegs").iterdir()}
    files = identify_files(images)
    asked = {"images-one-size": (BOTH[:1], 0), "images-both-sizes": (BOTH, 0), "images-both-sizes-and-check": (BOTH, 1)}
    spent = {name: [] for name in asked}
    for turn in range(repeats + 1):  # one more, which is not counted
        for name, (decodings, check) in asked.items():
            also = [Describing(images, files) for _ in range(check)]
            before = processor_seconds()
            build_stores(images, decodings, folder / f"{name}-{turn}", files=files, progress=False, also=also)
            spent[name].append(processor_seconds() - before)
    return {name: 1000 * statistics.median(times[1:]) / number for name, times in spent.items()}


def processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def decode_only(paths: list[Path]) -> None:
    def load(path: Path) -> None:
        with Image.open(path) as picture:
            picture.load()

    with ThreadPoolExecutor(processors()) as pool:
        list(pool.map(load, paths))


def compare_reading(folder: Path, number: int, repeats: int) -> tuple[float, float]:
    """Median images a second copied from memory and from the store, in shuffled batches."""
    rng = np.random.default_rng(0)
    in_memory = rng.integers(0, 256, (number, *SIZE, 3), dtype=np.uint8)
    store = store_of(in_memory, folder)
    rows = store.rows(store.image_ids)
    batches = [batch for batch in np.split(rng.permutation(number), range(BATCH, number, BATCH)) if len(batch) == BATCH]
    if not (store.read(rows[batches[0]]) == in_memory[batches[0]]).all():
        raise SystemExit("the store does not hold what was put into it")

    def read_all(read: Callable[[np.ndarray], np.ndarray]) -> None:
        for batch in batches:
            read(batch)

    seconds = take_turns(
        lambda _: read_all(lambda batch: in_memory[batch]),
        lambda _: read_all(lambda batch: store.read(rows[batch])),
        repeats,
    )
    return tuple(BATCH * len(batches) / each for each in seconds)


def store_of(pixels: np.ndarray, folder: Path) -> ImageStore:
    """A finished store of these pixels, without pictures to decode."""
    path, contents = folder / "stored.h5", {f"{row:06}": str(row) for row in range(len(pixels))}
    lay_out(path, contents, Decoding(SIZE), "benchmark", version=0)
    with PixelFile(path, "benchmark") as file:
        for row, image in enumerate(pixels):
            file.write(row, image)
        file.settle((row, None) for row in range(len(pixels)))
    return ImageStore(PixelFile(path, "benchmark"), contents, Decoding(SIZE))


def take_turns(baseline: Callable[[int], None], contestant: Callable[[int], None], repeats: int) -> tuple[float, float]:
    """Median seconds of each, after one turn that warms caches up and is not counted."""
    seconds = ([], [])
    for turn in range(repeats + 1):
        for side, times in zip((baseline, contestant), seconds, strict=True):
            start = time.perf_counter()
            side(turn)
            times.append(time.perf_counter() - start)
    return statistics.median(seconds[0][1:]), statistics.median(seconds[1][1:])


def write_photographs(folder: Path, number: int) -> list[Path]:
    """2000 x 1600 JPEGs (4:2:0, quality 92, 1 to 2 MB) of soft shapes, texture and grain."""
    folder.mkdir()
    rng = np.random.default_rng(0)

    def clouds(width: int, height: int) -> np.ndarray:
        coarse = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        return np.asarray(coarse.resize((2000, 1600), Image.Resampling.BICUBIC), np.float32)

    pictures = [clouds(16, 12) + 0.3 * (clouds(500, 400) - 128) for _ in range(min(number, 4))]
    paths = [folder / f"{index:04}.jpg" for index in range(number)]
    for index, path in enumerate(paths):
        grain = rng.standard_normal((1600, 2000, 1), np.float32) * (2 + index % 4 * 3)
        pixels = np.clip(np.roll(pictures[index % len(pictures)], 40 * index, axis=1) + grain, 0, 255)
        Image.fromarray(pixels.astype(np.uint8)).save(path, quality=92, subsampling="4:2:0")
    return paths


if __name__ == "__main__":
    main()
