"""Collections: which images exist and what their metadata says. One reader a format.

A reader turns a user's files into a Collection. To add one: a file here with a `read_...` function that returns a
Collection (metadata rows are joined with images by `join.join_rows`), and an entry in `detect.FORMATS` that
recognises the format.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.wording import first_few, shown, shown_path
from arttl.collections.bundled import BUNDLED, bundled
from arttl.collections.class_folders import read_class_folders
from arttl.collections.csv_table import read_csv_table
from arttl.collections.cut import cut_target
from arttl.collections.detect import FORMATS, Request, find_format
from arttl.collections.dublin_core_csv import read_dublin_core_csv
from arttl.collections.image_folder import Walk
from arttl.collections.omniart import read_omniart
from arttl.collections.rijks_xml import read_rijks_xml
from arttl.collections.rijksgt import FILE, read_rijksgt, with_challenge_split
from arttl.collections.table import CHALLENGES, MISSING_LABELS, PARTS, Collection, labels_fingerprint, unknown_set
from arttl.collections.targets import TARGETS, Target, find_target
from arttl.collections.wikiart import read_wikiart

__all__ = [
    "BUNDLED",
    "CHALLENGES",
    "FORMATS",
    "MISSING_LABELS",
    "PARTS",
    "SPLITS",
    "TARGETS",
    "Collection",
    "Reading",
    "Target",
    "bundled",
    "cut_target",
    "find_target",
    "labels_fingerprint",
    "open_collection",
    "read_class_folders",
    "read_csv_table",
    "read_dublin_core_csv",
    "read_omniart",
    "read_rijks_xml",
    "read_rijksgt",
    "read_wikiart",
    "reading_options",
]

SPLITS = ("own", "challenge", "stratified")
"""Whose split: this project's (or that of the data's train, val and test folders), its publishers', or one that the
run draws class by class, for which the data must bring none."""

WITH_SPLITS = ("wikiart", "class-folders")
"""Formats that can bring a split of their own."""


@dataclass(frozen=True)
class Reading:
    """Where a user's collection lies and how it is read: the arguments of open_collection, which explains them."""

    data: Path
    metadata: Path | None = None
    image_column: str | None = None
    label_column: str | None = None
    sheet: str | None = None
    format: str | None = None
    split: str | None = None
    unknown_labels: tuple | None = None
    follow_links: bool | None = None
    max_megapixels: int | None = None
    skip_missing: bool = False
    skip_unreadable: bool = False

    @property
    def name(self):
        """What the collection is called: its folder's name."""
        return Path(self.data).resolve().name or "data"

    def open(self, challenge=None):
        """The Collection, opened for one challenge, or for all that it has; errors as of open_collection."""
        return replace(open_collection(challenge=challenge, **vars(self)), reading=self.recorded)

    @property
    def recorded(self):
        """What config.json keeps of it: a dict of what is given, paths absolute."""
        given = {name: value for name, value in vars(self).items() if value not in (None, False)}
        return {name: str(value.absolute()) if isinstance(value, Path) else value for name, value in given.items()}

    @property
    def changes(self):
        """What it changes in a recipe, a dict: to draw the split class by class is a setting."""
        return {"split": "stratified"} if self.split == "stratified" else {}


_ALWAYS = ("data", "skip_missing", "skip_unreadable")  # which say nothing without data, and do no harm


def reading_options(options):
    """Those of Reading's other fields that a namespace of options gives, a dict."""
    given = {each.name: getattr(options, each.name) for each in fields(Reading) if each.name not in _ALWAYS}
    return {name: value for name, value in given.items() if value is not None}


def open_collection(
    data,
    challenge,
    *,
    metadata=None,
    image_column=None,
    label_column=None,
    sheet=None,
    skip_missing=False,
    skip_unreadable=False,
    unknown_labels=None,
    format=None,
    split=None,
    follow_links=None,
    max_megapixels=None,
):
    """Open a user's collection, in whichever of the known layouts it is.

    With metadata, images lie in `data`/images, jpg2 or jpg, else anywhere below `data`. The formats are tried in the
    order of `detect.FORMATS`; a table in the data folder comes before all but WikiArt's lists. See docs/data.md.

    Arguments:
        data: the data folder.
        challenge: "material", "type" or "artist"; with class folders or named columns, whatever the labels are;
            with WikiArt's lists also "genre" or "style". None for whatever the data has: all that a Dublin Core
            collection has, WikiArt's first, "type" with class folders or named columns.
        metadata: a CSV, workbook, XML or MATLAB file elsewhere or one of several, or a folder of XML files or WikiArt's
            lists.
        image_column, label_column: columns of a plain CSV or workbook.
        sheet: of a workbook; None for the only one that holds anything.
        skip_missing: leave metadata rows without an image out, rather than refuse them.
        skip_unreadable: leave subfolders that cannot be read out, rather than refuse them.
        unknown_labels: labels that say nothing, beside the blank one; None for the studies' ("anoniem").
        format: the name of one of `detect.FORMATS`; None to have it told from the data.
        split: "challenge" for the split that the data's publishers give: that of rijksgt.mat, which may lie beside
            XML or CSV, WikiArt's val list as test, or train and test folders; None or "own" leaves the former aside;
            "stratified" as well, and the data must bring no split.
        follow_links: follow links below the folder of images wherever they lead, rather than inside it only.
        max_megapixels: decode pictures of up to so many million pixels; None for the usual bound (arttl.images).

    Returns a Collection that has the challenge.

    Raises InputError, in one line, for all that is wrong with the data or the options.
    """
    data = Path(data)
    if not data.exists():
        raise InputError(f"data={shown_path(data)} does not exist; name the folder that holds the images")
    if not data.is_dir():
        raise InputError(f"data={shown_path(data)} is not a folder; name a folder (and a CSV with metadata=)")
    if split not in (None, *SPLITS):
        raise InputError(f"there is no split={shown(split)}; choose {' or '.join(SPLITS)}")
    joining = {
        "name": Reading(data).name,
        "skip_missing": skip_missing,
        "unknown_labels": unknown_set(unknown_labels),
    }
    metadata = None if metadata is None else Path(metadata)
    walk = Walk(bool(follow_links), skip_unreadable)
    asked = Request(data, challenge, metadata, image_column, label_column, sheet, split or "own", joining, walk)
    chosen = find_format(asked, format)
    if asked.split == "challenge" and chosen.name not in WITH_SPLITS and asked.mat is None:
        raise _no_challenge_split(data)
    collection = chosen.read(asked)
    collection = replace(collection, megapixels=max_megapixels, notes=(*_aside(asked, chosen), *collection.notes))
    if challenge is not None:
        collection.check_challenge(challenge)
    if asked.split == "stratified" and collection.given_split() is not None:
        raise InputError(
            f"{shown_path(data)} comes with its split, and split=stratified would draw another; leave it out"
        )
    if asked.split == "challenge" and asked.mat is not None and chosen.name != "wikiart":
        return with_challenge_split(collection, asked.mat, asked.images)
    if asked.split == "challenge" and collection.given_split() is None:
        raise _no_challenge_split(data)
    return collection


def _aside(asked, chosen):
    """A line on tables beside class folders, records or the like, which gave the labels."""
    if asked.metadata is not None or chosen.name == "csv" or not asked.aside:
        return []
    names = first_few([path.name for path in asked.aside])
    return [f"{names} left aside, since {chosen.name} give the labels; image_column= and label_column= read it"]


def _no_challenge_split(data):
    return InputError(
        f'split="challenge" needs {FILE} in {shown_path(data)} '
        "(or WikiArt's lists, or train and test folders); put it there, or leave split= out"
    )
