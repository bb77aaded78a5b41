"""Make the bundled collections clipart-a and clipart-b from Debian's openclipart packages.

    apt-get install openclipart-png openclipart-svg
    pip install arttl[tools]
    python tools/make_clipart.py --output arttl/data --rest clipart-rest.npz

Every drawing is used once: exact and near duplicates are removed over the whole library before it is
divided, so no part holds a near copy of a drawing in another. clipart-b's artists do not occur in
clipart-a. What neither collection takes goes to `--rest`, on which train_bundled_weights.py trains.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
from clipart_scan import scan
from PIL import Image

SIZE = 96
HASH_DISTANCE = 6  # bits of 64 in which two perceptual hashes may differ and still be the same drawing
PIXEL_DISTANCE = 8  # root mean square difference (0-255) of 12 x 12 thumbnails, for pale line drawings
MOST_OF_SERIES = {"codifiedivining": 60}  # 1,375 computed spirographs by one artist
ARTISTS_OF_A = 9  # the most prolific artists go to clipart-a, the next ones to clipart-b, the rest in turn
ARTISTS_OF_B = 21
A_PER_TYPE, A_SHARE, B_PER_TYPE, B_SHARE, PER_ARTIST = 150, 0.5, 75, 0.33, 200
ONLY_IN_A = {"shapes", "special", "tools", "geography"}  # so that the types of a and b partly overlap
ONLY_IN_B = {"transportation", "plants", "buildings", "education", "decorations"}
NO_TYPE = {"unsorted", "logos", "buttons"}  # no type at all, or fewer than ten drawings


def main():
    options = parse_options()
    drawings = scan(options.openclipart, SIZE)
    report = {"drawings": len(drawings), "refused": count_refused(drawings)}
    drawings = drawings[drawings.refused == ""].reset_index(drop=True)
    drawings["artist"] = one_spelling(drawings.artist)
    unique = drawings.drop_duplicates("md5").reset_index(drop=True)
    distinct = cap_series(unique.iloc[keep_distinct(unique)]).reset_index(drop=True)
    part = divide(distinct)
    report |= {"public domain and readable": len(drawings), "no exact duplicates": len(unique)}
    report |= {"no near duplicates": len(distinct), "parts": part.value_counts().to_dict()}
    for name in ("clipart-a", "clipart-b"):
        write_collection(options.output / name, distinct[part == name])
    write_rest(options.rest, distinct[part == "rest"])
    print(json.dumps(report, indent=1))


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--openclipart", type=Path, default=Path("/usr/share/openclipart"))
    parser.add_argument("--output", type=Path, default=Path("arttl/data"))
    parser.add_argument("--rest", type=Path, required=True, help="npz file for the remaining drawings")
    return parser.parse_args()


def count_refused(drawings):
    reasons = drawings.refused[drawings.refused != ""].str.replace(r" \(.*", "", regex=True)
    return reasons.value_counts().to_dict()


def one_spelling(artists):
    """Map 'A.J. Ashton' and 'AJ Ashton', 'Patricia FIDI' and 'Patricia Fidi' to the commonest spelling."""

    def key(name):
        plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
        return tuple(sorted(set(re.sub(r"[^\w\s]", "", plain).split()) - {"architetto"}))

    keys = artists.map(key)
    return artists.groupby(keys).transform(lambda names: names.mode()[0])


def keep_distinct(drawings):
    """Positions of drawings kept, first come first kept, so that no two are near duplicates."""
    hashes = drawings.phash.astype("uint64").to_numpy()
    cell = SIZE // 12
    small = np.stack([p.reshape(12, cell, 12, cell, 3).mean((1, 3)).ravel() for p in drawings.pixels])
    kept = []
    for index in range(len(drawings)):
        bits = np.bitwise_count(hashes[kept] ^ hashes[index])
        distance = np.sqrt(((small[kept] - small[index]) ** 2).mean(axis=1))
        if not ((bits <= HASH_DISTANCE) | (distance < PIXEL_DISTANCE)).any():
            kept.append(index)
    return kept


def cap_series(drawings):
    rank = drawings.groupby("artist").cumcount()
    return drawings[rank < drawings.artist.map(MOST_OF_SERIES).fillna(np.inf)]


def divide(drawings):
    """A Series with 'clipart-a', 'clipart-b' or 'rest' for each drawing."""
    usable = drawings[~drawings.type.isin(NO_TYPE) & ~drawings.artist.isin({"", *MOST_OF_SERIES})]
    usable = usable.sample(frac=1, random_state=42)
    ranked = usable.artist.value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable").index
    tail = ranked[ARTISTS_OF_A + ARTISTS_OF_B :]
    of_a = set(ranked[:ARTISTS_OF_A]) | set(tail[::2])
    total = drawings.type.value_counts()
    part = pd.Series("rest", index=drawings.index)
    for name, mask, not_here, most, share in (
        ("clipart-a", usable.artist.isin(of_a), ONLY_IN_B, A_PER_TYPE, A_SHARE),
        ("clipart-b", ~usable.artist.isin(of_a), ONLY_IN_A, B_PER_TYPE, B_SHARE),
    ):
        candidates = usable[mask & ~usable.type.isin(not_here)]
        candidates = candidates[candidates.groupby("artist").cumcount() < PER_ARTIST]
        limit = np.minimum(most, (candidates.type.map(total) * share).round())
        chosen = candidates[candidates.groupby("type").cumcount() < limit]
        part[chosen.index] = name
    return part


def write_collection(folder, drawings):
    """Write images/*.jpg and metadata.csv, in the layout of the studies' own Dublin Core CSV."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "images").mkdir(parents=True)
    with open(folder / "metadata.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        fields = ["ImageId", "dc_creator", "dc_type", "dc_title", "dc_subject", "dc_date", "dc_rights", "dc_source"]
        writer.writerow(["", *fields])
        for number, row in enumerate(drawings.sort_values("source").itertuples()):
            image_id = f"{number:04d}_{Path(row.source).stem}.jpg"
            picture = Image.fromarray(row.pixels)
            picture.save(folder / "images" / image_id, quality=88, optimize=True)
            source = f"openclipart 0.18, png/{row.source}"
            writer.writerow(
                [number, image_id, row.artist, row.type, row.title, row.subjects, row.date, row.licence, source]
            )


def write_rest(path, drawings):
    text = {name: drawings[name].to_numpy(str) for name in ("source", "type", "folder", "artist", "subjects")}
    np.savez_compressed(path, pixels=np.stack(list(drawings.pixels)), **text)


if __name__ == "__main__":
    main()
