"""Many XML files are read by several processes, and nobody can tell: same records, same order, same first error."""

import pickle
import subprocess

import pytest
from collection_files import page, record, refusal, touch, write

from arttl.base.errors import InputError
from arttl.collections import oai_xml, open_collection
from arttl.collections.oai_xml import read_records

FILES = 150  # more than two processes are asked for at a time
BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">]>\n<r>&a;</r>'


@pytest.fixture
def rijks(tmp_path):
    """A folder of FILES records, one a file; the type of number n is `type-n`."""
    for number in range(FILES):
        write(tmp_path / "xml2" / f"{number:03d}.xml", record(("type", f"type-{number}"), ("creator", "schilder: É")))
        touch(tmp_path / "jpg2", f"{number:03d}.jpg")
    return tmp_path


@pytest.fixture
def many(monkeypatch):
    """More than 100 files are many; returns the processes that were started."""
    monkeypatch.setattr(oai_xml, "MANY", 100)
    monkeypatch.setattr(oai_xml, "processors", lambda: 2)
    started, popen = [], subprocess.Popen

    def remembered(*arguments, **options):
        started.append(popen(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(oai_xml.subprocess, "Popen", remembered)
    return started


def paths(rijks):
    return sorted((rijks / "xml2").iterdir())


def test_two_processes_read_all_records_in_order(rijks, many):
    found = list(read_records(paths(rijks)))
    assert len(many) == 2
    assert [path for path, _ in found] == paths(rijks)
    assert [each.fields["type"] for _, [each] in found] == [[f"type-{number}"] for number in range(FILES)]
    assert all(process.returncode == 0 for process in many)


def test_a_collection_is_the_same(rijks, many):
    labels = open_collection(rijks, "type").labels("type")
    assert len(many) == 2
    assert labels.to_dict() == {f"{number:03d}.jpg": f"type-{number}" for number in range(FILES)}


def test_few_files_start_no_process(rijks, many):
    assert len(list(read_records(paths(rijks)[:100]))) == 100
    assert not many


def test_files_of_many_records_and_deleted_ones(tmp_path):
    gone = '<record><header status="deleted"><identifier>oai:x:9</identifier></header></record>\n'
    records = [record(("type", f"t{number}"), namespace=False) for number in range(5000)]
    big = write(tmp_path / "a.xml", page(gone, *records))
    write(tmp_path / "b.xml", page(gone))
    alone, shared = (list(read_records([big, tmp_path / "b.xml"], workers)) for workers in (1, 2))
    assert shared == alone
    assert len(shared) > 2
    assert [each.deleted for each in shared[-1][1]] == [True]
    assert sum(len(found) for _, found in shared) == 5002


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (BOMB, "has a document type definition or entities"),
        ("<a>&x;</a>", "is not well-formed XML (undefined entity"),
        ("<html/>", "holds no record of Dublin Core"),
        (None, "cannot be read (Is a directory); check the file"),
    ],
)
def test_the_first_bad_file_is_named_as_one_process_names_it(rijks, many, monkeypatch, content, expected):
    first, last = rijks / "xml2" / "097.xml", rijks / "xml2" / "140.xml"
    write(last, "<not")
    first.unlink()
    if content is None:
        first.mkdir()
        monkeypatch.setattr("arttl.collections.rijks_xml.xml_files", lambda _: paths(rijks))
    else:
        write(first, content)
    message = refusal(rijks)
    assert message.startswith(f"{first} {expected}")
    assert all(process.poll() is not None for process in many)
    monkeypatch.setattr(oai_xml, "MANY", 10_000)
    assert refusal(rijks) == message
    assert len(many) == 2


def test_what_is_wrong_with_an_earlier_record_comes_first(rijks, many):
    touch(rijks / "jpg2", "0000001_B.jpg", "0000002_B.jpg")
    write(rijks / "xml2" / "100b.xml", record(("identifier", "B"), ("type", "x")))
    write(rijks / "xml2" / "101.xml", "<not")
    assert "file 100b.xml: identifier 'B' fits 0000001_B.jpg, 0000002_B.jpg" in refusal(rijks)
    assert all(process.poll() is not None for process in many)


def test_a_process_that_dies_is_an_error(rijks, many):
    found = read_records(paths(rijks) * 20)
    next(found)
    for process in many:
        process.kill()
    with pytest.raises(InputError, match=r"a process that read .*\.xml and the files after it ended early"):
        list(found)
    assert all(process.poll() is not None for process in many)


def test_stopping_early_ends_the_processes(rijks, many):
    found = read_records(paths(rijks) * 20)
    next(found)
    assert [process.poll() for process in many] == [None, None]
    found.close()
    assert [process.returncode for process in many] == [0, 0]


def test_the_other_process_imports_nothing_of_the_package(tmp_path):
    path = write(tmp_path / "a.xml", record(("type", "prent")))
    code = f"import runpy, sys; runpy.run_path({oai_xml.oai_records.__file__!r}, run_name='__main__')"
    code += "; sys.exit(any(name.split('.')[0] in ('arttl', 'pandas', 'numpy') for name in sys.modules))"
    command = [oai_xml.sys.executable, "-P", "-c", code]
    done = subprocess.run(command, input=pickle.dumps([str(path)]), capture_output=True, check=True)
    [(batches, error)] = pickle.loads(done.stdout)
    assert error is None
    assert [fields for [(_, _, fields)] in batches] == [{"type": ["prent"]}]
