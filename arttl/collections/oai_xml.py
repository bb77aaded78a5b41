"""Records of Dublin Core in XML, as OAI-PMH hands them out: one a file, or a page or download of many.

Read as a stream by defusedxml, so memory does not grow with the file. A document type definition is refused, and with
it everything that entities can do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from xml.sax import SAXException
from xml.sax.handler import ContentHandler

from defusedxml import DefusedXmlException
from defusedxml.expatreader import create_parser

from arttl.collections.image_folder import entries
from arttl.collections.wording import shown, shown_path
from arttl.errors import InputError

DC = "http://purl.org/dc/elements/1.1/"
OAI = "http://www.openarchives.org/OAI/2.0/"
OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
CHUNK = 1 << 16


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
    parser, handler = create_parser(1, forbid_dtd=True), _Handler()
    parser.setContentHandler(handler)
    for path in paths:
        handler.begin()
        try:
            with open(path, "rb") as file:
                while chunk := file.read(CHUNK):
                    parser.feed(chunk)
                    if len(handler.done) > 1:
                        yield path, handler.take()
            parser.close()
        except OSError as error:
            raise InputError(f"{shown_path(path)} cannot be read ({error.strerror}); check the file") from error
        except DefusedXmlException as error:
            raise InputError(
                f"{shown_path(path)} has a document type definition or entities, which are not read from untrusted "
                "files; take its <!DOCTYPE ...> out, or fetch the record anew"
            ) from error
        except (SAXException, ValueError, LookupError) as error:
            reason = error.getMessage() if isinstance(error, SAXException) else error
            line = f" line {error.getLineNumber()}" if hasattr(error, "getLineNumber") else ""
            raise InputError(
                f"{shown_path(path)}{line} is not well-formed XML ({shown(reason)}); fetch or mend the file"
            ) from error
        yield path, handler.take()


def holds_dublin_core(path):
    """Whether a file's first 64 KiB name Dublin Core's namespace; False for one that cannot be read."""
    try:
        with open(path, "rb") as file:
            return DC.encode() in file.read(CHUNK)
    except OSError:
        return False


class _Handler(ContentHandler):
    """Gathers records; an oai_dc:dc that is in no record is one itself."""

    def begin(self):
        self.done, self.record, self.outer, self.text = [], None, None, []

    def take(self):
        done, self.done = self.done, []
        return done

    def startElementNS(self, name, qname, attributes):  # noqa: N802
        self.text = []
        if self.record is None and (name[1] == "record" or name == (OAI_DC, "dc")):
            self.record, self.outer = Record(), name
        elif self.record is not None and name == (OAI, "header"):
            self.record.deleted = attributes.get((None, "status")) == "deleted"

    def characters(self, content):
        self.text.append(content)

    def endElementNS(self, name, qname):  # noqa: N802
        if self.record is None:
            return
        if name[0] == DC:
            value = "".join(self.text).strip()
            if value:
                self.record.fields.setdefault(name[1], []).append(value)
        elif name == (OAI, "identifier"):
            self.record.identifier = "".join(self.text).strip()
        elif name == self.outer:
            self.done.append(self.record)
            self.record = None
        self.text = []


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
    return sorted(_walk(source), key=lambda path: path.relative_to(source).as_posix())


def _walk(folder):
    for entry in entries(folder):
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path)
        elif entry.name.lower().endswith(".xml") and entry.is_file():
            yield Path(entry.path)
