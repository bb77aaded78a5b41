"""Reader: the Rijksmuseum's Dublin Core XML, as the Rijksmuseum Challenge 2014 and the museum's OAI-PMH server give it.

    rijks2014/
      xml2/0000001_SK-A-4878.xml     one record a file, or pages of many
      jpg2/0000001_SK-A-4878.jpg

Fields repeat, and their order is of importance: the first value is the label. All of them stay in the table, as JSON
lists in the order of the record.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few, shown, shown_path
from arttl.collections.dublin_core_csv import IMAGE_COLUMN, LABEL_COLUMNS
from arttl.collections.join import join_rows
from arttl.collections.oai_records import ELEMENTS
from arttl.collections.oai_xml import read_records, xml_files

LISTS = ("dc_creator_names", "dc_creator_roles", "dc_materiaal_all", "dc_techniek_all")
COLUMNS = (IMAGE_COLUMN, *LABEL_COLUMNS.values(), "dc_creator_role", *LISTS, *(f"dc_{name}_all" for name in ELEMENTS))

LONGEST_SHARED = 100  # letters: values that many records have are short
_IMAGE_NUMBER = re.compile(r"\d+_")
_JSON = json.JSONEncoder(ensure_ascii=False)


def read_rijks_xml(metadata, images, **joining):
    """Read a collection from Dublin Core XML.

    A file with one record belongs to the image of the same name; the records of other files, and one whose file
    has no such image, to the image whose name is one of their identifiers, with or without a leading number
    (`SK-A-4878` finds `0000001_SK-A-4878.jpg`).

    Arguments:
        metadata: a folder of XML files, or one file.
        images: an ImageFolder.
        joining: name, skip_missing and unknown_labels, see join_rows.

    Returns a Collection with those of the challenges material, type and artist of which a record says something.
    An image_id is the image's name.

    Raises InputError for what read_records and join_rows refuse, for a file without records, and for an
    identifier that fits several images.
    """
    metadata = Path(metadata)
    rows, notes = _read_rows(metadata, images)
    rows = rows[[column for column in rows if column in COLUMNS[:1] or rows[column].any()]]
    labels = {challenge: column for challenge, column in LABEL_COLUMNS.items() if column in rows}
    if not labels:
        raise InputError(
            f"{shown_path(metadata)}: no record has a dc:creator, dc:type or dc:format 'materiaal: ...'; "
            "name a folder of Dublin Core records with metadata="
        )
    collection = join_rows(rows, images, source=metadata, image_column=IMAGE_COLUMN, label_columns=labels, **joining)
    return replace(collection, notes=(*notes, *collection.notes))


@lru_cache(maxsize=4096)  # few roles and names are most of a museum's
def split_role(creator):
    """A creator's role and name: 'prentmaker: Coornhert, Dirck' becomes ('prentmaker', 'Coornhert, Dirck').

    The role ends at the first colon, which a blank must follow; without one the role is "".
    """
    role, colon, name = creator.partition(":")
    role = role.strip()
    if not colon or not role or (name and not name[0].isspace()):
        return "", creator.strip()
    return role, name.strip()


def _read_rows(metadata, images):
    """The records as a DataFrame with COLUMNS, and what to note about them."""
    files = xml_files(metadata)
    find_image, inside = _image_finder(images), os.path.join(metadata, "")
    columns, names, shared, deleted = [[] for _ in COLUMNS], [], {}, 0
    with closing(read_records(files)) as batches:
        for path, records, first in _numbered(batches):
            single = first == 1 and len(records) == 1
            where = path.name if path == metadata else str(path).removeprefix(inside)
            for number, record in enumerate(records, first):
                if record.deleted and not record.fields:
                    deleted += 1
                    continue
                names.append(f"file {where}" if single else f"record {number} of {where}")
                stem = [os.path.splitext(where)[0]] if single else []
                values = [find_image(stem, record, names[-1]), *_values(record.fields)]
                for column, value in zip(columns, values, strict=True):
                    column.append(shared.setdefault(value, value) if len(value) <= LONGEST_SHARED else value)
    if not names:
        raise InputError(f"{shown_path(metadata)} has no XML records; name a folder of *.xml with metadata=")
    table = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)), index=pd.Index(names, name="row"), dtype=object)
    return table, [f"{counted(deleted, 'record')} deleted by the museum left out"] if deleted else []


def _numbered(batches):
    """(path, records, number of the first in its file), each file's lone batch or batches of a file with many.

    Raises InputError for a file without records.
    """
    last, count = None, 0
    for path, records in batches:
        count = 0 if path != last else count
        if not records and not count:
            raise InputError(
                f"{shown_path(path)} holds no record of Dublin Core (record or oai_dc:dc); take it out of the folder"
            )
        yield path, records, count + 1
        last, count = path, count + len(records)


def _values(fields):
    """A record's values in the order of COLUMNS, without the first."""
    creators = [split_role(creator) for creator in fields.get("creator", ())]
    formats = [split_role(value) for value in fields.get("format", ())]
    materials, techniques = (
        [value for kind, value in formats if value and kind.casefold() == prefix]
        for prefix in ("materiaal", "techniek")
    )
    role, artist = creators[0] if creators else ("", "")
    lists = [
        [name for _, name in creators],
        [role for role, _ in creators],
        materials,
        techniques,
        *(fields.get(element, ()) for element in ELEMENTS),
    ]
    label = {"material": (*materials, "")[0], "type": (*fields.get("type", ()), "")[0], "artist": artist}
    return [*(label[challenge] for challenge in LABEL_COLUMNS), role, *map(_as_json, lists)]


def _as_json(values):
    # Text by text is three times as fast as the list at once, and the same.
    return f"[{', '.join(map(_JSON.encode, values))}]" if values else ""


def _image_finder(images):
    """A function of (stems, Record, name of the row) that gives an image's name, or an id that fits none."""
    by_stem, by_number = defaultdict(list), defaultdict(list)
    for image in images.images:
        stem = os.path.splitext(image)[0]
        by_stem[stem].append(image)
        base = stem.rsplit("/", 1)[-1]
        for key in {base, _IMAGE_NUMBER.sub("", base, count=1)} - {stem}:
            by_number[key].append(image)

    def find(stems, record, row):
        header = re.split(r"[:/]", record.identifier)[-1]
        candidates = [*stems, *record.fields.get("identifier", ()), *filter(None, [header])]
        for candidate in candidates:
            fitting = by_stem.get(candidate) or by_number.get(candidate, ())
            if len(fitting) == 1:
                return fitting[0]
            if fitting and candidate not in stems:
                raise InputError(
                    f"{row}: identifier '{shown(candidate)}' fits {first_few(fitting)} in "
                    f"{shown_path(images.folder)}; keep one image, or one record a file, named like its image"
                )
        return (*candidates, "")[0]

    return find
