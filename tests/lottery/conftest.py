"""A search that the tests of this room transfer."""

import shutil

import pytest
import slim
from ch2_find_tickets import search
from chapter2_scripts import TINY

from arttl.cli.ticket_parsers import search_parser
from arttl.lottery import SearchStudy


@pytest.fixture(scope="session")
def one_search(photographs, tmp_path_factory):
    """A search of two rounds on a user's class folders."""
    folder = tmp_path_factory.mktemp("search")
    line = ["--source", "mine", "--data", photographs, *TINY, "--rounds", "2", "--keep-final", "--output", folder]
    line += ["--cache", folder / "cache", "--splits", folder / "splits"]
    with pytest.MonkeyPatch.context() as patch:
        slim.put_in_place(patch)
        options = search_parser("").parse_args([*map(str, line)])
        SearchStudy.from_options(options).do(search)
    return folder


@pytest.fixture
def searched(one_search, tmp_path, monkeypatch):
    """That search in the folder of this test's runs, which the tests transfer back to the class folders."""
    slim.put_in_place(monkeypatch)
    shutil.copytree(one_search / "ch2", tmp_path / "runs/ch2")
    return tmp_path / "runs/ch2/tickets/mine/resnet20/seed-42"
