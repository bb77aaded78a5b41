"""README is what its reader needs first."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_documents_that_readme_names_exist():
    for name in re.findall(r"\]\(([\w./-]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / name).exists(), name


def test_the_environment_is_activated_before_python_is_called():
    """Copied line by line, no command ends in "No module named arttl"."""
    lines = README.read_text(encoding="utf-8").splitlines()
    called = [number for number, line in enumerate(lines) if line.startswith("    python ")]
    assert lines.index("    source .venv/bin/activate") < called[0]
