"""Downloads that a target is cut out of: WikiArt's lists, and a collection of so many images of each label."""

import pandas as pd
from collection_files import write

from arttl.collections.table import Collection

SIZES = [60 + (37 * artist) % 341 for artist in range(60)]  # 60 to 400 works of each of 60 artists
STYLES = 27


def write_lists(folder, rows):
    """WikiArt's lists of artists and styles from rows (file, artist, style)."""
    for name, column, classes in (("artist", 1, len(SIZES)), ("style", 2, STYLES)):
        write(folder / f"{name}_class.txt", "".join(f"{number} {name}_{number}\n" for number in range(classes)))
        for part, some in (("train", rows[::2]), ("val", rows[1::2])):
            write(folder / f"{name}_{part}.csv", "".join(f"{row[0]},{row[column]}\n" for row in some))


def mine(sizes, challenge="artist"):
    """A Collection of so many images of each label."""
    rows = [(f"{label}-{number:04d}", label) for label, size in sizes.items() for number in range(size)]
    table = pd.DataFrame(rows, columns=["image_id", challenge], dtype=str)
    return Collection("mine", table.assign(path=[f"/data/{each}.jpg" for each in table.image_id]), (challenge,))
