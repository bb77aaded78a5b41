"""The Rijksmuseum's Dublin Core XML: one record a file or many, and files that mean harm."""

import json
import tracemalloc
from xml.sax.saxutils import escape

import pytest
from collection_files import page, record, refusal, touch, write
from hypothesis import given, settings
from hypothesis import strategies as st

from arttl.collections import image_folder, open_collection
from arttl.collections.image_folder import find_images
from arttl.collections.oai_xml import read_records
from arttl.collections.rijks_xml import read_rijks_xml, split_role

NIGHT_WATCH = (
    ("identifier", "SK-C-5"),
    ("identifier", "COLLECT.5216"),
    ("format", "http://www.rijksmuseum.nl/assetimage2.jsp?id=SK-C-5"),
    ("format", "hoogte 379,5 cm"),
    ("format", "materiaal: doek"),
    ("format", "materiaal: olieverf"),
    ("format", "techniek: schilderen"),
    ("creator", "schilder: Rijn, Rembrandt Harmensz. van"),
    ("creator", "opdrachtgever: anoniem"),
    ("type", "schilderij"),
    ("type", "schuttersstuk"),
    ("title", "Officieren &amp; andere schutters &lt;wijk II&gt;"),
)
PRINT = (
    ("identifier", "RP-P-1"),
    ("creator", "prentmaker: Coornhert, Dirck Volckertsz"),
    ("creator", "naar ontwerp van: Heemskerck, Maarten van"),
    ("format", "materiaal: papier"),
    ("type", "prent"),
    ("type", "historieprent"),
)
ANONYMOUS = (("identifier", "RP-P-2"), ("creator", "prentmaker: anoniem"), ("type", "prent"))


@pytest.fixture
def rijks(tmp_path):
    """The challenge's layout: three records, three images."""
    for number, fields in enumerate((NIGHT_WATCH, PRINT, ANONYMOUS), 1):
        name = f"{number:07d}_{fields[0][1]}"
        write(tmp_path / "xml2" / f"{name}.xml", '<?xml version="1.0" encoding="UTF-8"?>\n' + record(*fields))
        touch(tmp_path / "jpg2", f"{name}.jpg")
    return tmp_path


def labels(data, challenge, **options):
    return open_collection(data, challenge, **options).labels(challenge).to_dict()


def test_the_first_value_is_the_label(rijks):
    images = ["0000001_SK-C-5.jpg", "0000002_RP-P-1.jpg", "0000003_RP-P-2.jpg"]
    artists = ["Rijn, Rembrandt Harmensz. van", "Coornhert, Dirck Volckertsz"]
    assert labels(rijks, "artist") == dict(zip(images, artists, strict=False))
    assert labels(rijks, "material") == dict(zip(images, ["doek", "papier"], strict=False))
    assert labels(rijks, "type") == dict(zip(images, ["schilderij", "prent", "prent"], strict=True))
    collection = open_collection(rijks, "artist")
    assert collection.challenges == ("material", "type", "artist")
    assert collection.paths([images[1]]) == {images[1]: rijks / "jpg2" / images[1]}
    assert set(collection.notes) == {
        "1 image without material (blank or 'anoniem')",
        "1 image without artist (blank or 'anoniem')",
    }


def test_all_values_of_repeated_fields_are_kept_in_order(rijks):
    row = open_collection(rijks, "type").table.iloc[0]
    lists = {
        column: json.loads(row[column]) for column in row.index if column.startswith("dc_") and row[column][:1] == "["
    }
    assert lists == {
        "dc_identifier_all": ["SK-C-5", "COLLECT.5216"],
        "dc_creator_all": ["schilder: Rijn, Rembrandt Harmensz. van", "opdrachtgever: anoniem"],
        "dc_creator_names": ["Rijn, Rembrandt Harmensz. van", "anoniem"],
        "dc_creator_roles": ["schilder", "opdrachtgever"],
        "dc_materiaal_all": ["doek", "olieverf"],
        "dc_techniek_all": ["schilderen"],
        "dc_type_all": ["schilderij", "schuttersstuk"],
        "dc_title_all": ["Officieren & andere schutters <wijk II>"],
        "dc_format_all": [text for element, text in NIGHT_WATCH if element == "format"],
    }
    assert row["dc_creator_role"] == "schilder"


@pytest.mark.parametrize("folder", ["xml2", "xml", "."])
def test_many_records_a_file_are_matched_by_identifier(tmp_path, folder):
    touch(tmp_path / "jpg2", "0000001_SK-C-5.jpg", "0000002_RP-P-1.jpg", "RP-P-2.png")
    gone = '<record><header status="deleted"><identifier>oai:x:COLLECT.9</identifier></header></record>\n'
    records = [record(*fields, namespace=False) for fields in (PRINT, NIGHT_WATCH, ANONYMOUS)]
    write(tmp_path / folder / "page1.xml", page(records[0], gone, records[1]))
    write(tmp_path / folder / "page2.xml", page(records[2]))
    collection = open_collection(tmp_path, "type")
    assert collection.labels("type").to_dict() == {
        "0000001_SK-C-5.jpg": "schilderij",
        "0000002_RP-P-1.jpg": "prent",
        "RP-P-2.png": "prent",
    }
    assert "1 record deleted by the museum left out" in collection.notes


def test_a_download_without_oai_envelope_and_other_prefixes(tmp_path):
    touch(tmp_path / "jpg2", "a.jpg")
    text = (
        '<d:dc xmlns:d="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns="http://purl.org/dc/elements/1.1/">'
        "<identifier>a</identifier><type>prent</type><type/><type> </type></d:dc>"
    )
    write(tmp_path / "records.xml", f"<collection>{text}</collection>", "utf-16")
    collection = open_collection(tmp_path, "type", metadata=tmp_path / "records.xml")
    assert collection.labels("type").to_dict() == {"a.jpg": "prent"}
    assert json.loads(collection.table.dc_type_all[0]) == ["prent"]
    assert collection.challenges == ("type",)


def test_records_without_image_are_refused_or_skipped(rijks):
    (rijks / "jpg2" / "0000002_RP-P-1.jpg").unlink()
    message = refusal(rijks)
    assert "xml2: 1 row has no image in" in message
    assert "0000002_RP-P-1" in message
    assert len(open_collection(rijks, "type", skip_missing=True)) == 2


def test_a_file_name_decides_before_the_identifier(tmp_path):
    touch(tmp_path / "jpg2", "0000001_A.jpg", "A.jpg", "0000002_B.jpg", "0000003_B.jpg")
    write(tmp_path / "xml2" / "A.xml", record(("identifier", "A"), ("type", "one")))
    write(tmp_path / "xml2" / "0000001_A.xml", record(("identifier", "A"), ("type", "two")))
    assert labels(tmp_path, "type") == {"0000001_A.jpg": "two", "A.jpg": "one"}
    write(tmp_path / "xml2" / "other.xml", record(("identifier", "B"), ("type", "three")))
    assert "file other.xml: identifier 'B' fits 0000002_B.jpg, 0000003_B.jpg" in refusal(tmp_path)


def test_two_records_of_one_image_must_agree(tmp_path):
    touch(tmp_path / "jpg2", "0000001_A.jpg")
    one, other = (record(("identifier", "A"), ("type", label), namespace=False) for label in ("x", "y"))
    write(tmp_path / "xml2" / "p.xml", page(one, one))
    assert labels(tmp_path, "type") == {"0000001_A.jpg": "x"}
    write(tmp_path / "xml2" / "p.xml", page(one, one, other))
    assert "'x' in record 1 of p.xml and 'y' in record 3 of p.xml" in refusal(tmp_path)


# --- roles


@pytest.mark.parametrize(
    ("creator", "role", "name"),
    [
        ("prentmaker: Coornhert, Dirck Volckertsz", "prentmaker", "Coornhert, Dirck Volckertsz"),
        ("naar ontwerp van: Heemskerck, Maarten van", "naar ontwerp van", "Heemskerck, Maarten van"),
        ("prentmaker: anoniem", "prentmaker", "anoniem"),
        ("Rembrandt", "", "Rembrandt"),
        ("prentmaker:", "prentmaker", ""),
        ("uitgever: Firma A: B", "uitgever", "Firma A: B"),
        ("http://example.org/x", "", "http://example.org/x"),
        (": Rembrandt", "", ": Rembrandt"),
        ("", "", ""),
    ],
)
def test_roles(creator, role, name):
    assert split_role(creator) == (role, name)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=40).map(str.strip)


@settings(deadline=None)
@given(role=WORDS.filter(lambda text: text and ":" not in text), name=WORDS)
def test_roles_round_trip(role, name):
    assert split_role(f"{role}: {name}") == (role, name)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_creator_breaks_the_role_parser_or_loses_letters(creator):
    role, name = split_role(creator)
    solid = "".join(creator.split())
    assert "".join((role + name).split()) == (solid.replace(":", "", 1) if role else solid)


# --- round trips and hostile files

VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=1, max_size=30)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["creator", "type", "format", "subject"]), VALUES), max_size=8),
    st.sampled_from(["utf-8", "utf-16"]),
)
def test_values_round_trip(tmp_path_factory, fields, encoding):
    text = record(*((element, escape(value)) for element, value in fields))
    path = write(tmp_path_factory.mktemp("xml") / "r.xml", text, encoding)
    [(_, [found])] = read_records([path])
    expected = {}
    for element, value in fields:
        if value.strip():
            expected.setdefault(element, []).append(value.strip())
    assert found.fields == expected


BOMB = """<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">{}]>
""".format("".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(10)))
EXTERNAL = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'
DTD = '<!DOCTYPE r SYSTEM "http://example.org/r.dtd">\n'


@pytest.mark.parametrize(("head", "entity"), [(BOMB, "&k;"), (EXTERNAL, "&x;"), (DTD, "prent")])
def test_entities_and_dtds_are_refused(rijks, head, entity):
    write(rijks / "xml2" / "0000002_RP-P-1.xml", head + record(("type", entity)))
    message = refusal(rijks)
    assert f"{rijks / 'xml2' / '0000002_RP-P-1.xml'} has a document type definition or entities" in message
    assert "<!DOCTYPE ...> out" in message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "not well-formed XML (no element found"),
        (b"<record><header>", "not well-formed XML (no element found"),
        (b"\x00\x01\x02JPEG", "not well-formed XML"),
        (b"<a>\xff</a>", "not well-formed XML (not well-formed (invalid token): line 1"),
        (b"<a>&x;</a>", "not well-formed XML (undefined entity"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "not well-formed XML"),
        (b"<html/>", "holds no record of Dublin Core"),
    ],
)
def test_damaged_files_are_named(rijks, content, expected):
    (rijks / "xml2" / "0000002_RP-P-1.xml").write_bytes(content)
    message = refusal(rijks)
    assert str(rijks / "xml2" / "0000002_RP-P-1.xml") in message
    assert expected in message


def test_latin_1_is_read_when_the_file_says_so(rijks):
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>\n' + record(("creator", "schilder: Boëtius"))
    write(rijks / "xml2" / "0000002_RP-P-1.xml", text, "latin-1")
    assert labels(rijks, "artist")["0000002_RP-P-1.jpg"] == "Boëtius"


def test_a_million_character_label_is_a_label(rijks):
    path = rijks / "xml2" / "0000002_RP-P-1.xml"
    write(path, record(("type", "é" * 1_000_000)))
    assert labels(rijks, "type")["0000002_RP-P-1.jpg"] == "é" * 1_000_000
    write(path, record(("identifier", "x" * 1_000_000), ("type", "y")))
    write(rijks / "xml2" / "copy.xml", record(("identifier", "x" * 1_000_000), ("type", "y")))
    assert len(refusal(rijks)) < 500


@pytest.mark.parametrize("identifier", ["../../etc/passwd", "/etc/passwd", "C:\\x", "a/../../b"])
def test_an_identifier_that_leads_out_is_refused(rijks, identifier):
    bad = record(("identifier", identifier), ("type", "x"), namespace=False)
    write(rijks / "xml2" / "p.xml", page(record(*PRINT, namespace=False), bad))
    message = refusal(rijks, skip_missing=True)
    assert "xml2 record 2 of p.xml: image id" in message
    assert "leads out of the image folder" in message


def test_an_unreadable_folder_is_named(rijks, monkeypatch):
    scandir = image_folder.os.scandir

    def denied(folder):
        if str(folder).endswith("xml2"):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(image_folder.os, "scandir", denied)
    assert f"{rijks / 'xml2'} cannot be read (Permission denied); check the path and its permissions" in refusal(rijks)


def test_an_empty_folder_of_records(tmp_path):
    touch(tmp_path, "jpg2/a.jpg", "xml2/.hidden.xml")
    message = refusal(tmp_path, format="rijks-xml", metadata=tmp_path / "xml2")
    assert message.startswith("format=rijks-xml looks for DATA/xml2/*.xml")
    write(tmp_path / "xml2" / "a.xml", record(("title", "nothing else")))
    assert "no record has a dc:creator, dc:type or dc:format" in refusal(tmp_path)


def test_memory_does_not_grow_with_a_file_of_many_records(tmp_path):
    filler = ("description", "words " * 500)

    def peak(count):
        records = (record(("identifier", str(n)), filler, namespace=False) for n in range(count))
        path = write(tmp_path / f"{count}.xml", page(*records))
        tracemalloc.start()
        assert sum(len(found) for _, found in read_records([path])) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(2000) < 1.2 * peak(200)


def test_the_reader_alone(rijks):
    collection = read_rijks_xml(rijks / "xml2", find_images(rijks), name="mine")
    assert collection.name == "mine"
    assert len(collection) == 3
