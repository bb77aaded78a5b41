"""keras.json may say channels_first or float16: scripts pin what the studies need, builders refuse, runs record."""

import keras
import pytest

from arttl.base.errors import InputError
from arttl.cli import Parser, run_main
from arttl.models import build_classifier, lenet_300_100, resnet20
from arttl.runs import RunFolder
from arttl.training.computing import USUAL

KERAS_DEFAULTS = {"image_data_format": "channels_last", "floatx": "float32", "epsilon": 1e-7}


def settings():
    return {name: getattr(keras.config, name)() for name in KERAS_DEFAULTS}


@pytest.fixture
def keras_set():
    """A function that sets Keras as a keras.json does, by name and value."""
    yield lambda name, value: getattr(keras.config, f"set_{name}")(value)
    for name, value in KERAS_DEFAULTS.items():
        getattr(keras.config, f"set_{name}")(value)


@pytest.mark.parametrize("build", [lambda: build_classifier("vgg19", 2, weights="none", image_size=32), lenet_300_100])
@pytest.mark.parametrize(("name", "value"), [("image_data_format", "channels_first"), ("floatx", "float16")])
def test_builders_refuse_and_name_setting_and_remedy(build, name, value, keras_set):
    keras_set(name, value)
    with pytest.raises(InputError) as caught:
        build()
    needed = KERAS_DEFAULTS[name]
    assert f"Keras' {name} is {value!r}" in str(caught.value)
    assert str(caught.value).endswith(f"or call keras.config.set_{name}({needed!r})")


def test_a_run_is_computed_as_the_studies_need_and_leaves_the_process_as_it_was(keras_set):
    for name, value in {"image_data_format": "channels_first", "floatx": "float64", "epsilon": 1e-3}.items():
        keras_set(name, value)
    with USUAL.applied():
        assert settings() == KERAS_DEFAULTS
        model = resnet20(2, (8, 16, 3))
    assert model.get_layer("conv1_conv").kernel.shape == (3, 3, 3, 16)  # three channels, not eight rows, go in
    assert keras.backend.standardize_dtype(model.get_layer("conv1_conv").kernel.dtype) == "float32"
    assert settings() == {"image_data_format": "channels_first", "floatx": "float64", "epsilon": 1e-3}


def test_scripts_pin_them_at_start_up(keras_set, monkeypatch):
    keras_set("image_data_format", "channels_first")
    monkeypatch.setattr("sys.argv", ["script"])
    seen = []
    parser = Parser()
    parser.set_defaults(debug=False)
    run_main(lambda options: seen.append(settings()), parser)
    assert seen == [KERAS_DEFAULTS]


def test_config_records_them_beside_the_settings_that_runs_are_compared_by(tmp_path):
    folder = RunFolder(tmp_path).open()
    folder.write_config({"settings": {"seed": 1}})
    assert folder.read_config()["keras_settings"] == KERAS_DEFAULTS
    assert folder.read_config()["settings"] == {"seed": 1}
