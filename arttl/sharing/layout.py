"""What a shared classifier's folder holds, and what makes one whole and readable.

model.keras       the run's model: uint8 pixels in, probabilities out
labels.csv        class_id, label, in the order of the model's outputs
classifier.json   format and version; how pictures become pixels; settings, metrics, digests of the two above
README.md         the model card
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import NamedTuple

from arttl.base.errors import InputError
from arttl.base.files import file_hash
from arttl.base.wording import shown, shown_path
from arttl.images import Decoding

FORMAT, VERSION = "arttl-classifier", 1
MODEL, LABELS, ABOUT, CARD = "model.keras", "labels.csv", "classifier.json", "README.md"
DIGESTED = (MODEL, LABELS)
AGAIN = "export the run again, or get the folder again"
_INPUT = {"size": int, "decoding": str, "resize": str, "preprocessing": str}
_PARTS = {"input": dict, "classes": int, "settings": dict, "metrics": dict, "sha256": dict}


class Contents(NamedTuple):
    """A shared classifier without its network.

    Attributes:
        about: the content of classifier.json.
        labels: the classes in the order of the model's outputs.
        decoding: how pictures become pixels.
    """

    about: dict
    labels: list[str]
    decoding: Decoding


def read_contents(folder):
    """Read a folder that export_run wrote, and see that its files are those it was written with.

    Digests tell damage, not malice: who changes a file on purpose can change its digest as well.

    Arguments:
        folder: the folder.

    Returns Contents.

    Raises InputError when it is none, is damaged, or is of a later version.
    """
    folder = Path(folder)
    about = read_about(folder)
    for name in DIGESTED:
        if about["sha256"].get(name) != sha256(folder / name):
            raise InputError(f"{shown_path(folder / name)} is damaged (its SHA-256 is not that in {ABOUT}); {AGAIN}")
    labels = _read_labels(folder / LABELS)
    if len(labels) != about["classes"]:
        raise InputError(f"{shown_path(folder / LABELS)} has {len(labels)} labels, not {about['classes']}; {AGAIN}")
    return Contents(about, labels, _decoding(folder, about["input"]))


def read_about(folder):
    """The content of classifier.json, a dict; InputError when it is not there, damaged, or of a later version."""
    path = Path(folder) / ABOUT
    try:
        about = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"{shown_path(folder)} is no exported classifier ({ABOUT}: {error.strerror}); "
            "make one with: python -m arttl export RUN --to FOLDER"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{shown_path(path)} is damaged ({shown(error)}); {AGAIN}") from error
    if not isinstance(about, dict) or about.get("format") != FORMAT or type(about.get("version")) is not int:
        raise InputError(f"{shown_path(path)} does not describe a classifier of arttl; {AGAIN}")
    if about["version"] > VERSION:
        raise InputError(
            f"{shown_path(folder)} is of format version {about['version']}, written by a later arttl; this one reads "
            f"up to {VERSION}: update arttl"
        )
    _check_types(path, about, _PARTS)
    _check_types(path, about["input"], _INPUT)
    return about


def labels_csv(labels):
    """The content of labels.csv as text; labels may hold anything, line ends included."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(("class_id", "label"))
    writer.writerows(enumerate(labels))
    return text.getvalue()


def sha256(path):
    """A file's SHA-256, hexadecimal; InputError when it cannot be read."""
    try:
        return file_hash(path).hexdigest()
    except OSError as error:
        raise InputError(f"{shown_path(path)} cannot be read ({error.strerror}); {AGAIN}") from error


def _read_labels(path):
    try:
        header, *rows = csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline=""), strict=True)
        labels = [label for _, label in rows]
        sound = header == ["class_id", "label"] and [class_id for class_id, _ in rows] == [
            str(class_id) for class_id in range(len(rows))
        ]
    except (ValueError, csv.Error):
        sound = False
    if not sound:
        raise InputError(f"{shown_path(path)} is damaged (not class_id,label with ids 0, 1, ...); {AGAIN}")
    return labels


def _decoding(folder, wanted):
    try:
        return Decoding((wanted["size"], wanted["size"]), wanted["resize"], wanted["decoding"])
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{shown_path(folder / ABOUT)}: {shown(error)}; {AGAIN}") from error


def _check_types(path, content, types):
    for name, kind in types.items():
        if type(content.get(name)) is not kind:
            raise InputError(f"{shown_path(path)} is damaged ({name} is missing or no {kind.__name__}); {AGAIN}")
