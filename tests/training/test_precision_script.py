"""A script's run in bfloat16, from its record to what it refuses."""

import keras
import pytest
from scripts import SMALL, run_folders

import arttl
from arttl.runs import RunFolder


@pytest.mark.slow
def test_a_run_of_a_script_in_bfloat16(script, tmp_path):
    """Its record says so, its model is an ordinary file, and no run of another precision goes on with it."""
    mixed = [*SMALL, "--approach", "off-the-shelf", "--epochs", "1", "--precision", "mixed_bfloat16"]
    code, _, error = script(*mixed)
    assert code == 0, error
    (path,) = run_folders(tmp_path / "runs")
    folder = RunFolder(path)
    config = folder.read_config()
    assert config["settings"]["precision"] == "mixed_bfloat16"
    assert "layers compute in mixed_bfloat16, not float32" in config["deviations"]
    model = keras.saving.load_model(path / "model.keras", compile=False)
    assert model.get_layer("block1_conv1").compute_dtype == "bfloat16"
    assert folder.predictions().probability.between(0, 1).all()

    shared = tmp_path / "shared"
    arttl.export_run(path, shared)
    code, _, error = script(*mixed[:-2])
    assert code == 2
    assert "precision was mixed_bfloat16, now None" in error
    assert error.count("\n") == 1
