"""What belongs to a weights file is read from its layers, or from the run folder that it lies in."""

import json
import zipfile

import h5py
import keras
import pytest

from arttl.models import build_classifier, resnet20
from arttl.models.belongings import Belongings, weights_path, what_weights_need
from arttl.recipes import fine_tuning

pytestmark = pytest.mark.usefixtures("slim_networks")


def write_layers(path, model):
    """What of a .keras file says how its model is built: without the weights, which take long to write."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps(keras.saving.serialize_keras_object(model)))
    return path


@pytest.mark.parametrize(
    ("era", "size", "preprocessing", "graphs"),
    [
        ("keras3", 32, "unit", ("keras3",)),
        ("2.1.2", 32, "imagenet", ("2.1.2",)),
        ("2.1.6", 224, "unit", ("2.1.6",)),
        ("2.1.6", 32, "unit", ("2.1.6", "2.2.2")),  # too small for the last pooling, in which the two differ
        ("2.2.4", 32, "imagenet", ("2.2.4",)),
    ],
)
def test_a_keras_file_says_how_its_resnet50_was_built(era, size, preprocessing, graphs, tmp_path):
    options = {"image_size": size, "preprocessing": preprocessing, "numerics": era}
    model = build_classifier("resnet50", 2, weights="none", **options)
    path = write_layers(tmp_path / "any.keras", model)
    assert what_weights_need(path) == Belongings(preprocessing, graphs, size)


@pytest.mark.parametrize(
    ("architecture", "size"), [("vgg19", 32), pytest.param("xception", 71, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("preprocessing", ["unit", "imagenet"])
def test_preprocessing_of_other_architectures(architecture, size, preprocessing, tmp_path):
    """ImageNet's own is another of VGG19 (BGR, mean subtracted) than of Xception ([-1, 1])."""
    model = build_classifier(architecture, 2, weights="none", image_size=size, preprocessing=preprocessing)
    assert what_weights_need(write_layers(tmp_path / "any.keras", model)) == Belongings(preprocessing, (), size)


def test_a_saved_file_is_read_as_keras_writes_it_and_a_model_within_a_model_too(tmp_path):
    inner = resnet20(2, (16, 16, 3))
    inner.save(tmp_path / "flat.keras")
    pixels = keras.Input((16, 16, 3))
    keras.Model(pixels, inner(pixels)).save(tmp_path / "nested.keras")
    assert what_weights_need(tmp_path / "flat.keras") == Belongings("unit", (), 16)
    assert what_weights_need(tmp_path / "nested.keras") == Belongings("unit", (), 16)


def test_a_run_folder_says_what_its_model_does_not(tmp_path):
    settings = {"recipe": fine_tuning("released", numerics="2.2.2").settings(), "image_size": 32}
    (tmp_path / "config.json").write_text(json.dumps({"settings": settings | {"architecture": "resnet50"}}))
    expected = Belongings("imagenet", ("2.2.2",), 32)
    assert what_weights_need(tmp_path / "model.keras") == expected  # even where it is damaged or gone
    options = {"image_size": 32, "preprocessing": "imagenet", "numerics": "2.2.2"}
    write_layers(tmp_path / "model.keras", build_classifier("resnet50", 2, weights="none", **options))
    assert what_weights_need(tmp_path / "model.keras") == expected  # of two graphs that it may be, the run's
    assert what_weights_need(tmp_path / "another.keras") is None
    (tmp_path / "config.json").write_text(json.dumps({"settings": settings | {"network": "resnet20"}}))
    (tmp_path / "model.keras").unlink()
    assert what_weights_need(tmp_path / "model.keras") == Belongings("imagenet", (), 32)


def test_a_weights_file_names_its_layers_and_says_nothing_of_the_pixels(tmp_path):
    for name, layer in (("2018", "bn_conv1"), ("other", "block1_conv1")):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file.attrs["layer_names"] = [layer.encode()]
    assert what_weights_need(tmp_path / "2018.h5") == Belongings(None, ("2.1.2", "2.1.6", "2.2.2", "2.2.4"), None)
    assert what_weights_need(tmp_path / "other.h5") is None
    assert what_weights_need(weights_path("resnet50", "bundled")) == Belongings(None, ("keras3",), None)
    (tmp_path / "broken.h5").write_bytes(b"nothing")
    assert what_weights_need(tmp_path / "broken.h5") is None
