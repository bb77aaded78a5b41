"""`arttl train EXPERIMENT ...`: the scripts of experiments/, for whoever has installed the package alone."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import arttl

PREFIXES = ("ch1_", "ch2_", "")


def experiments():
    """The scripts by the names that `arttl train` has for them: a dict of name to Path.

    A script that no other is called like goes without its chapter: ch1_rijks.py is "rijks", ch1_all.py "ch1-all".
    """
    folder = scripts_folder()
    stems = [path.stem for path in sorted(folder.glob("*.py"))]
    short = [_short(stem) for stem in stems]
    names = [stem if short.count(each) > 1 else each for stem, each in zip(stems, short, strict=True)]
    return {name.replace("_", "-"): folder / f"{stem}.py" for name, stem in zip(names, stems, strict=True)}


def scripts_folder():
    """Where the scripts lie: in the installed package, or beside it in a checkout."""
    package = Path(arttl.__file__).resolve().parent
    installed = package / "experiments"
    return installed if installed.is_dir() else package.parent / "experiments"


def run_experiment(arguments):
    """Run a script as `python experiments/NAME.py` does; ends the process as that does.

    Arguments:
        arguments: what stands behind `arttl train`.
    """
    known = experiments()
    name = arguments[0].replace("_", "-") if arguments else ""
    if name in ("", "-h", "--help"):
        listed = "\n".join(f"  {each:20} {_about(path)}" for each, path in known.items())
        print(f"usage: arttl train EXPERIMENT [OPTIONS], and arttl train EXPERIMENT --help\n\nexperiments:\n{listed}")
        sys.exit(0)
    if name not in known:
        print(f"error: there is no experiment {arguments[0]!r}; choose from {', '.join(known)}", file=sys.stderr)
        sys.exit(2)
    path = known[name]
    sys.path.insert(0, str(path.parent))  # where scripts find each other
    sys.argv = [str(path), *arguments[1:]]
    runpy.run_path(str(path), run_name="__main__")


def _short(stem):
    prefix = next(each for each in PREFIXES if stem.startswith(each))
    return stem.removeprefix(prefix)


def _about(path):
    """The first line of a script's docstring."""
    with open(path, encoding="utf-8") as file:
        return file.readline().strip().strip('"')
