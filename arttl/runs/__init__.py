"""The run folder, what is written to it, and the engine that makes one run of whatever kind."""

from arttl.runs.folder import (
    EVENTS,
    MLFLOW_RUN,
    RESULTS,
    FolderInUse,
    RunFolder,
    deciding,
    difference,
    read_json,
    versions,
)

__all__ = [
    "EVENTS",
    "MLFLOW_RUN",
    "RESULTS",
    "FolderInUse",
    "RunFolder",
    "deciding",
    "difference",
    "read_json",
    "versions",
]
