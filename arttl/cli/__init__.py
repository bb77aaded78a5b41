"""The command line: it turns options into studies, and nothing else. Imports nothing slow."""

from arttl.cli.main import (
    Parser,
    import_keras_quietly,
    in_options,
    name,
    natural,
    number,
    path,
    positive,
    run_main,
    table_file,
)

__all__ = [
    "Parser",
    "import_keras_quietly",
    "in_options",
    "name",
    "natural",
    "number",
    "path",
    "positive",
    "run_main",
    "table_file",
]
