"""What tests of pruning share."""

import pytest
import ticket_search


@pytest.fixture
def path(tmp_path):
    """A file with three rounds."""
    file = ticket_search.begin(tmp_path / "search.h5")
    for _ in range(3):
        ticket_search.add(file)
    return file.path
