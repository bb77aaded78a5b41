"""Keras may be imported by a user's script or by any module of the package: what registers with it is there."""

import fresh
import numpy as np
import pytest

from arttl.models import build_classifier
from arttl.recipes import off_the_shelf

LOADING = "import arttl, keras", "import keras, arttl", "import arttl.splits, keras"
FIRST = "models.weights", "models.classifier", "transfer.plan", "training", "pruning"


@pytest.mark.slow
def test_whichever_imports_keras_first_and_a_saved_model_loads_and_gives_the_same(slim_networks, tmp_path, rng):
    """Importing Keras imports what registers with it, which must not lead back to a module that is half imported."""
    options = {"image_size": 32, "preprocessing": "imagenet", "numerics": "2.1.6", "trainable": False}
    recipe = off_the_shelf("released", numerics="2.1.6")
    model = recipe.compile(build_classifier("resnet50", 3, weights="bundled", **options))
    model.save(tmp_path / "model.keras")
    pixels = rng.integers(0, 256, (2, 32, 32, 3), dtype="uint8")
    np.save(tmp_path / "pixels.npy", pixels)
    predicting = (
        "import numpy as np;"
        f"model = keras.saving.load_model({str(tmp_path / 'model.keras')!r});"
        f"found = model.predict(np.load({str(tmp_path / 'pixels.npy')!r}), verbose=0);"
    )
    lines = [
        f"{line}; {predicting} np.save({str(tmp_path / f'{number}.npy')!r}, found)"
        for number, line in enumerate(LOADING)
    ]
    done = fresh.run([*lines, *(f"import arttl.{module}" for module in FIRST)])
    assert done.returncode == 0, done.stderr
    for number in range(len(LOADING)):
        found = np.load(tmp_path / f"{number}.npy")
        np.testing.assert_allclose(found, model.predict(pixels, verbose=0), atol=1e-6)
