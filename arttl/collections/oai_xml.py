"""Records of Dublin Core in XML, as OAI-PMH hands them out: one a file, or a page or download of many.

Read as a stream by defusedxml, so memory does not grow with the file. A document type definition is refused, and with
it everything that entities can do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from arttl.collections.image_folder import entries
from arttl.collections.wording import shown, shown_path
from arttl.errors import InputError
from arttl.files import open_regular

DC = "http://purl.org/dc/elements/1.1/"
OAI = "http://www.openarchives.org/OAI/2.0/"
OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
CHUNK = 1 << 16

ELEMENTS = (
    "identifier", "title", "creator", "contributor", "type", "format", "date", "description", "subject", "coverage",
    "language", "publisher", "relation", "rights", "source",
)  # fmt: skip
"""The elements of Dublin Core 1.1."""

_ELEMENTS = {f"{{{DC}}}{element}": element for element in ELEMENTS}
_DC_RECORD, _HEADER, _IDENTIFIER = f"{{{OAI_DC}}}dc", f"{{{OAI}}}header", f"{{{OAI}}}identifier"


@dataclass
class Record:
    """One record.

    Arguments:
        identifier: of its OAI-PMH header, "" without one.
        deleted: whether the header says that the record is gone.
        fields: dict of Dublin Core element ("creator") to its values, in the order of the file, without blank ones.
    """

    identifier: str = ""
    deleted: bool = False
    fields: dict[str, list[str]] = field(default_factory=dict)


def read_records(paths):
    """The records of XML files, a few at a time.

    Arguments:
        paths: the files, one after the other.

    Yields (path, list of Records). A file of many records comes in several lists, the first of them with at least
    two; one without records comes as an empty list.

    Raises InputError, naming the file, for one that cannot be read, is not well-formed, or has a DTD or entities.
    """
    for path in paths:
        gatherer = _Gatherer()
        parser = DefusedXMLParser(target=gatherer, forbid_dtd=True)
        try:
            with open_regular(path) as file:
                # As much again as waits for its end: older versions of expat look at all of that anew each time.
                while chunk := file.read(max(CHUNK, file.tell() - parser.parser.CurrentByteIndex)):
                    parser.feed(chunk)
                    if len(gatherer.done) > 1:
                        yield path, gatherer.take()
            parser.close()
        except OSError as error:
            raise InputError(f"{shown_path(path)} cannot be read ({error.strerror}); check the file") from error
        except DefusedXmlException as error:
            raise InputError(
                f"{shown_path(path)} has a document type definition or entities, which are not read from untrusted "
                "files; take its <!DOCTYPE ...> out, or fetch the record anew"
            ) from error
        except (ParseError, ValueError, LookupError) as error:
            raise InputError(
                f"{shown_path(path)} is not well-formed XML ({shown(error)}); fetch or mend the file"
            ) from error
        yield path, gatherer.take()


def holds_dublin_core(path):
    """Whether a file's first 64 KiB name Dublin Core's namespace; False for one that cannot be read."""
    try:
        with open_regular(path) as file:
            return DC.encode() in file.read(CHUNK)
    except OSError:
        return False


class _Gatherer:
    """The target of the parser: gathers records; an oai_dc:dc that is in no record is one itself."""

    def __init__(self):
        self.done, self.record, self.outer, self.text = [], None, None, []
        self.data = self.text.append

    def take(self):
        done, self.done = self.done, []
        return done

    def start(self, tag, attributes):
        self.text.clear()
        if self.record is None:
            if tag == _DC_RECORD or tag.rsplit("}", 1)[-1] == "record":
                self.record, self.outer = Record(), tag
        elif tag == _HEADER:
            self.record.deleted = attributes.get("status") == "deleted"

    def end(self, tag):
        if self.record is None:
            return
        if tag in _ELEMENTS:
            value = "".join(self.text).strip()
            if value:
                self.record.fields.setdefault(_ELEMENTS[tag], []).append(value)
        elif tag == _IDENTIFIER:
            self.record.identifier = "".join(self.text).strip()
        elif tag == self.outer:
            self.done.append(self.record)
            self.record = None
        self.text.clear()

    def close(self):
        """Nothing is left to do at the end of a file."""


def xml_files(source):
    """The XML files a source stands for.

    Arguments:
        source: a file, or a folder (all *.xml below it that are not hidden).

    Returns a sorted list of Paths.

    Raises InputError for a folder that cannot be read.
    """
    source = Path(source)
    if not source.is_dir():
        return [source]
    return sorted(_walk(source), key=str)


def _walk(folder):
    waiting = [folder]
    while waiting:
        for entry in entries(waiting.pop()):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif entry.name.lower().endswith(".xml") and entry.is_file():
                yield Path(entry.path)
