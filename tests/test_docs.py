"""The documents say what is there: settings that exist, tests that exist."""

import re
from pathlib import Path

import pytest

from arttl.overrides import flattened
from arttl.recipes import APPROACHES, get_recipe

HERE = Path(__file__).parent
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in (HERE.parent / "docs" / "fidelity.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and line.count("|") == 8
]


@pytest.mark.parametrize("row", ROWS[2:], ids=lambda row: row[0])
def test_fidelity_table_names_settings_and_tests_that_exist(row):
    settings = {key for approach in APPROACHES for key in flattened(get_recipe("thesis", approach).settings())}
    for name in re.findall(r"`([a-z][\w.]+)`", row[5]):
        assert name in settings
    for name in re.findall(r"`(test_[\w.]+\.py)", row[6]):
        assert (HERE / name).exists()
    for file, test in re.findall(r"`(test_[\w.]+\.py)::(\w+)`", row[6]):
        assert f"def {test}(" in (HERE / file).read_text(encoding="utf-8")


def test_fidelity_table_names_every_setting():
    named = {name for row in ROWS for name in re.findall(r"`([a-z][\w.]+)`", row[5])}
    settings = {key for approach in APPROACHES for key in flattened(get_recipe("thesis", approach).settings())}
    elsewhere = {"name", "approach", "numerics.era", "numerics.rmsprop_epsilon", "max_epochs", "batch_size"}
    elsewhere |= {"optimizer.name", "optimizer.rho", "optimizer.momentum"}
    assert settings - elsewhere <= named


def test_the_example_of_pruning_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = (HERE.parent / "docs" / "pruning.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    exec(code, {})
    assert capsys.readouterr().out == "0.488\n"
    assert (tmp_path / "ticket.keras").exists()


def test_the_examples_of_the_library_run():
    """One after the other: freezing, thawing, augmentation, a model within the model."""
    names = {}
    for code in re.findall(r"```python\n(.*?)```", (HERE.parent / "docs" / "library.md").read_text("utf-8"), re.S):
        exec(code, names)
    assert names["maps"].shape == (8, 32, 32)
    assert names["features"].shape == (8, 512)
    assert len(names["augmenting"].trainable_weights) == 6  # of two convolutions and the head
    assert names["flat"].get_layer("block5_conv4") is names["model"].get_layer("block5_conv4")
