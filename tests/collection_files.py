"""Hand-made data folders, in the exact layouts users have, and the message with which a bad one is refused."""

import pytest

from arttl.base.errors import InputError
from arttl.collections import open_collection
from arttl.collections.tables import read_table

DC_ROOT = (
    '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
)


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def write(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def message_of(path, **options):
    """The message with which a table is refused; it must be one line."""
    with pytest.raises(InputError) as caught:
        read_table(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def refusal(data, challenge="type", **options):
    """The message with which the data is refused; it must be one line."""
    with pytest.raises(InputError) as caught:
        open_collection(data, challenge, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.isprintable()
    return message


def plain(data, **options):
    return open_collection(data, "type", image_column="file", label_column="kind", **options)


def record(*fields, header="oai:rijksmuseum.nl/collection:COLLECT.1", namespace=True):
    """One OAI-PMH record: fields are (element, text as it stands in the file)."""
    values = "\n".join(f"      <dc:{element}>{text}</dc:{element}>" for element, text in fields)
    root = ' xmlns="http://www.openarchives.org/OAI/2.0/"' if namespace else ""
    return (
        f"<record{root}>\n  <header><identifier>{header}</identifier><datestamp>2013-04-12T07:00:00Z</datestamp>"
        f"</header>\n  <metadata>\n    {DC_ROOT}\n{values}\n    </oai_dc:dc>\n  </metadata>\n</record>\n"
    )


def page(*records):
    """A page of a ListRecords answer; make its records with namespace=False."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">\n'
        "<responseDate>2013-05-01T12:00:00Z</responseDate>\n"
        '<request verb="ListRecords" metadataPrefix="oai_dc">http://www.rijksmuseum.nl/api/oai2</request>\n'
        f"<ListRecords>\n{''.join(records)}<resumptionToken>1231-nssdfs2qle-2324</resumptionToken>\n"
        "</ListRecords></OAI-PMH>\n"
    )
