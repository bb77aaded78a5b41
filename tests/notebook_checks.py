"""What every committed notebook must be, and running one."""

import ast
import os
import re
from pathlib import Path

import forked
import nbformat

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
WITHOUT_RUNS = ("ch1_collections", "published_figures", "results_ch1", "results_ch2")
"""Those that need bundled data or recorded tables alone, so that what they show is the same on every machine."""


def code_cells(name):
    """The cells with code of a committed notebook."""
    return [cell for cell in nbformat.read(NOTEBOOKS / f"{name}.ipynb", 4).cells if cell.cell_type == "code"]


def check_committed(name):
    """Assert that it stands as one run from top to bottom left it: with pictures, without errors or local paths."""
    cells = code_cells(name)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert any("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    assert not re.search(r"/(work|tmp|home|root|Users)/", (NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))
    for cell in cells:
        printed = [each.text for each in cell.outputs if each.output_type == "stream" and each.name == "stdout"]
        assert re.fullmatch(what_it_prints(cell.source), "".join(printed)), printed


def what_it_prints(source):
    """A pattern of all that the calls of `print` in a cell may say, in any order; values may be anything."""
    lines = "\n".join(line for line in source.splitlines() if not line.startswith("%"))
    calls = [each for each in ast.walk(ast.parse(lines)) if isinstance(each, ast.Call)]
    said = [call.args[0] for call in calls if ast.unparse(call.func) == "print"]
    parts = [each.values if isinstance(each, ast.JoinedStr) else [each] for each in said]
    texts = [
        "".join(re.escape(part.value) if isinstance(part, ast.Constant) else "[^°]*" for part in each) for each in parts
    ]
    return rf"(?:(?:{'|'.join(texts)})\n)*" if texts else ""


def run_notebook(name):
    """Run it from top to bottom, and compare what it shows; what it is committed with stays. Returns the process."""
    return forked.run([NOTEBOOKS / f"{name}.ipynb"], run_cells)


def run_cells(line):
    """Run a notebook's cells in this process: without a kernel, which would have to import everything again."""
    import pandas as pd
    from IPython.core.interactiveshell import InteractiveShell

    class Shell(InteractiveShell):
        def enable_gui(self, gui=None):
            """There is no window to be drawn in."""

    os.chdir(NOTEBOOKS)
    pd.set_option("display.max_columns", 20, "display.width", 80)  # where there is a kernel and no terminal
    shell, name = Shell.instance(), Path(line[0]).stem
    for cell in code_cells(name):
        done = shell.run_cell(cell.source)
        done.raise_error()
        committed = [each.data["text/plain"] for each in cell.outputs if each.output_type == "execute_result"]
        shown = [] if done.result is None else [repr(done.result)]
        assert [what_is_shown(each, name) for each in shown] == [what_is_shown(each, name) for each in committed]


def what_is_shown(text, name):
    """Of a result that is not a picture what must be as committed: all of it, but where it tells of runs, its name."""
    found = re.match(r"Table\(name='\w+'|<Figure", text)
    if found:
        return found[0]
    return re.findall(r"[\w.%]+", text) if name in WITHOUT_RUNS else type(text)
