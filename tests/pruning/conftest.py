"""What tests of pruning share."""

import keras
import pytest
import ticket_search
from pruned_network import ROWS


@pytest.fixture
def path(tmp_path):
    """A file with three rounds."""
    file = ticket_search.begin(tmp_path / "search.h5")
    for _ in range(3):
        ticket_search.add(file)
    return file.path


@pytest.fixture
def data(rng):
    """Inputs and targets of pruned_network.network."""
    return rng.normal(size=(ROWS, 6, 6, 2)).astype("float32"), rng.normal(size=(ROWS, 3)).astype("float32")


@pytest.fixture(autouse=True)
def policy():
    """Leave layers of float32 behind, whatever a test asked for."""
    yield
    keras.mixed_precision.set_global_policy("float32")
