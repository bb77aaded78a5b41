"""The records in one file of Dublin Core XML, and the other process that reads many files.

Run as a script (`python -P oai_records.py`) it is that process, and then imports nothing of arttl: from stdin it takes
pickled lists of paths, and answers each on stdout with a pickled list of what `read_file` returns, until stdin ends.
"""

from __future__ import annotations

import pickle
import signal
import sys

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

DC = "http://purl.org/dc/elements/1.1/"
OAI = "http://www.openarchives.org/OAI/2.0/"
OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
CHUNK = 1 << 16

ELEMENTS = (
    "identifier", "title", "creator", "contributor", "type", "format", "date", "description", "subject", "coverage",
    "language", "publisher", "relation", "rights", "source",
)  # fmt: skip
"""The elements of Dublin Core 1.1."""

UNREADABLE, DEFUSED, MALFORMED = "unreadable", "defused", "malformed"
"""Why a file cannot be read: the operating system, a document type definition, no XML."""

_ELEMENTS = {f"{{{DC}}}{element}": element for element in ELEMENTS}
_DC_RECORD, _HEADER, _IDENTIFIER = f"{{{OAI_DC}}}dc", f"{{{OAI}}}header", f"{{{OAI}}}identifier"


class BadFileError(Exception):
    """A file that cannot be read: `reason` is one of UNREADABLE, DEFUSED and MALFORMED, `detail` the parser's words."""

    def __init__(self, reason, detail):
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def read_batches(path, opener=None):
    """The records of a file, read as a stream.

    Arguments:
        path: the file.
        opener: for `open`, one that refuses what is no regular file.

    Yields lists of (identifier of the header or "", whether it says deleted, fields), fields being a dict of Dublin
    Core element to its values in the order of the file, without blank ones. A file of many records comes in several
    lists, the first of them with at least two; one without records comes as an empty list.

    Raises BadFileError.
    """
    gatherer = _Gatherer()
    parser = DefusedXMLParser(target=gatherer, forbid_dtd=True)
    try:
        with open(path, "rb", opener=opener) as file:
            # As much again as waits for its end: older versions of expat look at all of that anew each time.
            while chunk := file.read(max(CHUNK, file.tell() - parser.parser.CurrentByteIndex)):
                parser.feed(chunk)
                if len(gatherer.done) > 1:
                    yield gatherer.take()
        parser.close()
    except OSError as error:
        raise BadFileError(UNREADABLE, str(error.strerror)) from error
    except DefusedXmlException as error:
        raise BadFileError(DEFUSED, str(error)) from error
    except (ParseError, ValueError, LookupError) as error:
        raise BadFileError(MALFORMED, str(error)) from error
    yield gatherer.take()


def read_file(path):
    """What read_batches yields, as a list, and what ended it: (reason, detail) of its BadFileError, or None."""
    batches = []
    try:
        for batch in read_batches(path):
            batches.append(batch)
    except BadFileError as error:
        return batches, (error.reason, error.detail)
    return batches, None


class _Gatherer:
    """The target of the parser: gathers records; an oai_dc:dc that is in no record is one itself."""

    def __init__(self):
        self.done, self.outer, self.text = [], None, []
        self.identifier, self.deleted, self.fields = "", False, {}
        self.data = self.text.append

    def take(self):
        done, self.done = self.done, []
        return done

    def start(self, tag, attributes):
        self.text.clear()
        if self.outer is None:
            if tag == _DC_RECORD or tag.rsplit("}", 1)[-1] == "record":
                self.identifier, self.deleted, self.fields, self.outer = "", False, {}, tag
        elif tag == _HEADER:
            self.deleted = attributes.get("status") == "deleted"

    def end(self, tag):
        if self.outer is None:
            return
        if tag in _ELEMENTS:
            value = "".join(self.text).strip()
            if value:
                self.fields.setdefault(_ELEMENTS[tag], []).append(value)
        elif tag == _IDENTIFIER:
            self.identifier = "".join(self.text).strip()
        elif tag == self.outer:
            self.done.append((self.identifier, self.deleted, self.fields))
            self.outer = None
        self.text.clear()

    def close(self):
        """Nothing is left to do at the end of a file."""


def _main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    try:
        while True:
            paths = pickle.load(sys.stdin.buffer)
            pickle.dump([read_file(path) for path in paths], sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
            sys.stdout.buffer.flush()
    except (EOFError, BrokenPipeError):
        return


if __name__ == "__main__":
    _main()
