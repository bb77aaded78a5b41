"""What a sweep on Ray remembers of its workers and of its runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(eq=False)
class Seat:
    """A worker: its Ray actor on a node, and the Job that it does, if any."""

    actor: object
    node: object
    job: object = None
    is_ready: bool = False
    name: str = ""


@dataclass(eq=False)
class Record:
    """What a sweep remembers of a run."""

    attempts: int = 0
    deaths: int = 0
    kept: object = None  # `kept` of its folder when its worker last died
    config: object = None  # the stamp of config.json before its first attempt
    died_on: set = field(default_factory=set)
    died_at: float = 0.0
    busy_since: float | None = None
    not_before: float = 0.0


def kept(folder):
    """What changes when a run has come so far that it would go on from there: the stamps of its states, or history."""
    states = sorted(Path(folder).glob("checkpoint/**/*.npz"))
    return [stamp(path) for path in states or [Path(folder, "history.csv")]]


def stamp(path):
    """What changes when a file is written anew; None where there is none."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
