"""Images to map."""

import pytest


@pytest.fixture
def images(rng):
    return rng.random((5, 17, 14, 1), "float32")
