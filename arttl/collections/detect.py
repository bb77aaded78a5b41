"""Which format a data folder is in: a table of the formats, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.wording import first_few, shown, shown_path
from arttl.collections.class_folders import read_class_folders
from arttl.collections.csv_table import read_csv_table
from arttl.collections.dublin_core_csv import IMAGE_COLUMN, LABEL_COLUMNS, is_dublin_core, read_dublin_core_csv
from arttl.collections.image_folder import USUAL_WALK, Walk, entries, find_images
from arttl.collections.oai_xml import holds_dublin_core
from arttl.collections.omniart import is_omniart, read_omniart
from arttl.collections.rijks_xml import read_rijks_xml
from arttl.collections.rijksgt import FILE, read_rijksgt
from arttl.collections.tables import OTHER_SUFFIXES, UNREAD_SUFFIXES, read_table
from arttl.collections.wikiart import LIST_NAME, find_lists, find_wikiart_images, list_challenges, read_wikiart

XML_FOLDERS = ("xml2", "xml")
"""Where the XML records of a data folder lie, first come first used; else in the data folder itself."""

ANY_CHALLENGE = "type"
"""What labels are called that could be of any challenge, where none was asked for."""


@dataclass(frozen=True)
class Request:
    """What open_collection was asked for.

    Arguments:
        data, challenge, metadata, image_column, label_column, sheet, split: as there; paths are Paths.
        joining: name, skip_missing and unknown_labels, for join_rows.
        walk: how folders of images are searched.
    """

    data: Path
    challenge: str | None
    metadata: Path | None = None
    image_column: str | None = None
    label_column: str | None = None
    sheet: str | None = None
    split: str = "own"
    joining: dict = field(default_factory=dict)
    walk: Walk = USUAL_WALK

    @cached_property
    def images(self):
        """The ImageFolder of the data folder, listed once."""
        return find_images(self.data, self.walk)

    @property
    def columns(self):
        """The columns that were named: image_column and label_column, a dict, empty if none were."""
        columns = {"image_column": self.image_column, "label_column": self.label_column}
        return columns if any(name is not None for name in columns.values()) else {}

    @cached_property
    def names(self):
        """The entries directly in the data folder that are not hidden: a dict of name to Path."""
        found = [entry.name for entry in entries(self.data)]
        return {name: self.data / name for name in found if not name.startswith(".")}

    @cached_property
    def table_path(self):
        """The table: the metadata if that is no other format's file, or the only one in the data folder; else None.

        In the data folder a CSV comes before a workbook, and so do class folders and records unless columns are named.
        """
        if self.metadata is not None:
            is_other = self.metadata.is_dir() or self.metadata.suffix.lower() in (".xml", ".mat")
            return None if is_other else self.metadata
        found = self._tables(".csv") or ([] if self.aside else self._tables(*OTHER_SUFFIXES, *UNREAD_SUFFIXES))
        if len(found) > 1:
            listed = first_few([path.name for path in found], 5)
            kind = "CSVs" if found[0].suffix.lower() == ".csv" else "tables"
            raise InputError(
                f"{shown_path(self.data)} holds several {kind} ({listed}); name one: metadata={shown_path(found[0])}"
            )
        return found[0] if found else None

    @cached_property
    def aside(self):
        """Tables other than CSVs, beside what gives labels without them: a list of paths."""
        if self.columns or self.sheet or self._tables(".csv"):
            return []
        found = self._tables(*OTHER_SUFFIXES, *UNREAD_SUFFIXES)
        return found if found and (self._has_class_folders or self.xml is not None or self.mat is not None) else []

    @property
    def _has_class_folders(self):
        folders = {image.split("/")[0] for image in self.images.images if "/" in image}
        return not self.images.prefix and len(folders) > 1

    def _tables(self, *suffixes):
        """Files of these suffixes directly in the data folder, without those by which Excel marks what is open."""
        return [
            path
            for name, path in self.names.items()
            if path.suffix.lower() in suffixes and not name.startswith("~$") and path.is_file()
        ]

    @cached_property
    def table(self):
        """The Table, read once; None without one."""
        return None if self.table_path is None else read_table(self.table_path, self.sheet)

    @property
    def table_columns(self):
        """The columns of the table; empty without one."""
        return () if self.table is None else tuple(self.table.rows.columns)

    @cached_property
    def lists(self):
        """The folder of WikiArt's lists, or None."""
        if self.metadata is None:
            return find_lists(self.data)
        if self.metadata.is_dir():
            return find_lists(self.metadata)
        return self.metadata.parent if LIST_NAME.fullmatch(self.metadata.name) else None

    @cached_property
    def xml(self):
        """The folder or file of XML records, or None."""
        if self.metadata is not None:
            is_xml = self.metadata.suffix.lower() == ".xml" or _first_xml(self.metadata) is not None
            return self.metadata if is_xml else None
        for name in XML_FOLDERS:
            if name in self.names and _first_xml(self.names[name]) is not None:
                return self.names[name]
        first = _first_xml(self.data)
        return self.data if first is not None and holds_dublin_core(first) else None

    @cached_property
    def mat(self):
        """The metadata if it is a MATLAB file, else rijksgt.mat in the data folder, or None."""
        if self.metadata is not None and self.metadata.suffix.lower() == ".mat":
            return self.metadata
        return next((path for name, path in self.names.items() if name.lower() == FILE), None)


@dataclass(frozen=True)
class Format:
    """One format: its name, what it is told by in words, whether a Request is one, and its reader."""

    name: str
    looks_for: str
    recognises: Callable[[Request], bool]
    read: Callable[[Request], object]


FORMATS = (
    Format(
        "wikiart",
        "artist_train.csv, genre_train.csv or style_train.csv in DATA, in DATA/wikiart_csv or in metadata=FOLDER",
        lambda asked: not asked.columns and asked.lists is not None,
        lambda asked: read_wikiart(
            asked.lists,
            find_wikiart_images(asked.data, asked.walk),
            challenge=asked.challenge or list_challenges(asked.lists)[0],
            given=asked.split == "challenge",
            **asked.joining,
        ),
    ),
    Format(
        "dublin-core-csv",
        f"one table in DATA, or metadata=TABLE, with {IMAGE_COLUMN} and one of {', '.join(LABEL_COLUMNS.values())}",
        lambda asked: not asked.columns and is_dublin_core(asked.table_columns),
        lambda asked: read_dublin_core_csv(asked.table, asked.images, **asked.joining),
    ),
    Format(
        "omniart",
        "one table in DATA, or metadata=TABLE, with artist_full_name or artwork_type, and image_url, id or file name",
        lambda asked: not asked.columns and is_omniart(asked.table_columns),
        lambda asked: read_omniart(asked.table, asked.images, **asked.joining),
    ),
    Format(
        "csv",
        "one table in DATA, or metadata=TABLE, with the columns that image_column and label_column name",
        lambda asked: asked.table_path is not None,
        lambda asked: read_csv_table(
            asked.table,
            asked.images,
            challenge=asked.challenge or ANY_CHALLENGE,
            image_column=asked.image_column,
            label_column=asked.label_column,
            **asked.joining,
        ),
    ),
    Format(
        "rijks-xml",
        "DATA/xml2/*.xml, DATA/xml/*.xml or Dublin Core records in DATA/*.xml, or metadata=FOLDER or XML",
        lambda asked: asked.xml is not None,
        lambda asked: read_rijks_xml(asked.xml, asked.images, **asked.joining),
    ),
    Format(
        "rijksgt",
        f"DATA/{FILE}, or metadata=MAT",
        lambda asked: asked.mat is not None and asked.metadata in (None, asked.mat),
        lambda asked: read_rijksgt(asked.mat, asked.images, **asked.joining),
    ),
    Format(
        "class-folders",
        "images in DATA/CLASS/ or in DATA/{train,val,test}/CLASS/, and no metadata=",
        lambda asked: asked.metadata is None,
        lambda asked: read_class_folders(
            asked.data, challenge=asked.challenge or ANY_CHALLENGE, walk=asked.walk, **asked.joining
        ),
    ),
)


def find_format(asked, name=None):
    """The Format of a Request.

    Arguments:
        asked: a Request.
        name: one of the formats' names; None for the first that recognises the data.

    Raises InputError for a name that no format has, for data that is not in the one named, and for several CSVs.
    """
    found = _detect(asked) if name is None else _named(asked, name)
    if asked.sheet is not None and asked.table_path is None:
        raise InputError(f"{shown_path(asked.data)} holds no workbook with sheet={shown(asked.sheet)}; leave it out")
    return found


def _named(asked, name):
    names = {each.name: each for each in FORMATS}
    if name not in names:
        raise InputError(f"there is no format={shown(name)}; choose one of {', '.join(names)}")
    if asked.columns and name != "csv":
        raise InputError(f'image_column and label_column go with format="csv", not {name}; leave one out')
    if not names[name].recognises(asked):
        about = "" if asked.metadata is None else f" or {shown_path(asked.metadata)}"
        raise InputError(
            f"format={name} looks for {names[name].looks_for}; {shown_path(asked.data)}{about} has no such thing"
        )
    return names[name]


def _detect(asked):
    found = next((each for each in FORMATS if each.recognises(asked)), None)
    if found is None:
        raise InputError(
            f"metadata={shown_path(asked.metadata)} is in no known format; name a CSV, a folder of *.xml or "
            f"WikiArt's lists, or {FILE}"
        )
    if asked.columns and found.name != "csv":
        raise InputError(
            f"{shown_path(asked.data)} holds no CSV or workbook for image_column and label_column; add metadata=TABLE"
        )
    return found


def _first_xml(folder):
    """The first *.xml below a folder's top that is not hidden, or None, also where there is no such folder."""
    if not folder.is_dir():
        return None
    found = (Path(entry.path) for entry in entries(folder) if entry.name.lower().endswith(".xml"))
    return next((path for path in found if not path.name.startswith(".") and path.is_file()), None)
