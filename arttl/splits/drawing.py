"""How a split is asked for, found or drawn, and told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arttl.base.wording import first_few, shown
from arttl.collections import PARTS
from arttl.splits.files import find_or_make


@dataclass(frozen=True)
class Drawing:
    """How a split is drawn, and where it is kept.

    Attributes:
        split_seed: of the draw.
        min_images: classes with fewer images are left out.
        group_duplicates: whether duplicates are kept in one part.
        splits: folder of split files.
    """

    split_seed: int = 42
    min_images: int = 1
    group_duplicates: bool = False
    splits: Path = Path("splits")

    def split(self, collection, challenge, preset, grouping=None, save=True):
        """A Split, found or made; says what it is: its parts, where it is kept, its classes, and what was left out.

        Arguments:
            collection: a Collection.
            challenge: one of its challenges.
            preset: of arttl.splits.
            grouping: of duplicates, where they are kept together.
            save: write a new split.
        """
        split, path, reused = find_or_make(
            collection,
            challenge,
            preset,
            self.split_seed,
            self.splits,
            save=save,
            min_images=self.min_images,
            grouping=grouping,
        )
        sizes = ", ".join(f"{len(split.ids(part)):,} {part}" for part in PARTS)
        dropped = f"; classes left out: {first_few(split.dropped, 5)}" if split.dropped else ""
        found = "reused" if reused else "new"
        print(
            f"split of {shown(challenge)}: {sizes} images, {len(split.classes):,} classes{dropped} ({found}: {path})",
            flush=True,
        )
        print(f"  classes: {first_few(split.classes, 5)}")
        for note in split.notes:
            print(f"  {note}")
        return split
