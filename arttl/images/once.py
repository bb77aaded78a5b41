"""Pictures decoded once for all that is made of them: stores of several sizes, and what a check wants to know."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from arttl.base.bars import bar
from arttl.base.workers import bounded_map, processors
from arttl.images.picture import BadImage, Picture, read_picture

SYNC_SECONDS = 2.0  # how often what is finished is made safe: what a killed process has to do again


class Consumer(Protocol):
    """Who makes something of pictures.

    Attributes:
        todo: ids of the images that it is still to see.
    """

    todo: Collection[str]

    def make(self, picture: Picture) -> object:
        """What it wants of a picture, in any thread; one of DAMAGE where that cannot be made."""

    def put(self, image_id: str, made: object | BadImage) -> object:
        """Put it where it belongs, in any thread; returns what `finish` is to know."""

    def finish(self, image_id: str, outcome: object) -> None:
        """An image is done."""

    def settle(self) -> None:
        """Make safe what is finished."""


def decode_once(
    paths: Mapping[str, Path],
    consumers: Sequence[Consumer],
    *,
    megapixels: float | None = None,
    workers: int | None = None,
    progress: bool = True,
    desc: str = "decoding images",
) -> None:
    """Open and decode each picture once, in parallel threads, and hand it to every consumer that has it to do.

    Arguments:
        paths: image_id -> file; they are read in this order.
        consumers: who makes something of them.
        megapixels: as in `Decoding`.
        workers: threads; default one for each processor this process may use.
        progress: tell on stderr how far it has come. Default True.
        desc: what is done, for that.
    """

    def work(image_id: str) -> list:
        mine = [each for each in consumers if image_id in each.todo]
        made = read_picture(paths[image_id], megapixels, [each.make for each in mine])
        return [(each, image_id, each.put(image_id, found)) for each, found in zip(mine, made, strict=True)]

    todo = [image_id for image_id in paths if any(image_id in each.todo for each in consumers)]
    if not todo:
        return
    workers, settled = workers or processors(), time.monotonic()
    told = bar(total=len(paths), initial=len(paths) - len(todo), desc=desc, shown=progress)
    try:
        with told, ThreadPoolExecutor(workers) as pool:
            for outcomes in bounded_map(pool, work, todo, 4 * workers):
                for consumer, image_id, outcome in outcomes:
                    consumer.finish(image_id, outcome)
                told.update()
                if time.monotonic() - settled > SYNC_SECONDS:
                    _settle(consumers)
                    settled = time.monotonic()
    finally:
        _settle(consumers)


def _settle(consumers: Sequence[Consumer]) -> None:
    for each in consumers:
        each.settle()
