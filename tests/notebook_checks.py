"""What every committed notebook must be, and running one."""

import os
import re
from pathlib import Path

import forked
import nbformat

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def check_committed(name):
    """Assert that it stands as one run from top to bottom left it: with pictures, without errors or local paths."""
    text = (NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8")
    cells = [cell for cell in nbformat.reads(text, 4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert any("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    assert not re.search(r"/(work|tmp|home|root|Users)/", text)


def run_notebook(name):
    """Run it from top to bottom; what it is committed with stays."""
    done = forked.run([NOTEBOOKS / f"{name}.ipynb"], run_cells)
    assert done.returncode == 0, done.stderr


def run_cells(line):
    """Run a notebook's cells in this process: without a kernel, which would have to import everything again."""
    from IPython.core.interactiveshell import InteractiveShell

    class Shell(InteractiveShell):
        def enable_gui(self, gui=None):
            """There is no window to be drawn in."""

    os.chdir(NOTEBOOKS)
    shell = Shell.instance()
    for cell in nbformat.read(line[0], 4).cells:
        if cell.cell_type == "code":
            shell.run_cell(cell.source).raise_error()
