"""README's library example runs as written."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.slow
def test_library_example_runs_as_written(slim_networks, tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(code, str(README), "exec"), names)
    assert len(names["history"].history["val_loss"]) == 2
    assert names["model"].output_shape == (None, len(names["split"].classes))


def test_documents_that_readme_names_exist():
    for name in re.findall(r"\]\(([\w./-]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / name).exists(), name


def test_the_environment_is_activated_before_python_is_called():
    """Copied line by line, no command ends in "No module named arttl"."""
    lines = README.read_text(encoding="utf-8").splitlines()
    called = [number for number, line in enumerate(lines) if line.startswith("    python ")]
    assert lines.index("    source .venv/bin/activate") < called[0]
