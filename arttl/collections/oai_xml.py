"""Records of Dublin Core in XML, as OAI-PMH hands them out: one a file, or a page or download of many.

Read as a stream by defusedxml, so memory does not grow with the file. A document type definition is refused, and with
it everything that entities can do. Many files are read by several processes.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from arttl.base.bars import bar
from arttl.base.errors import InputError
from arttl.base.files import open_regular, regular_opener
from arttl.base.wording import shown, shown_path
from arttl.base.workers import bounded_map, processors
from arttl.collections import oai_records
from arttl.collections.image_folder import entries
from arttl.collections.oai_records import CHUNK, DC, DEFUSED, MALFORMED, UNREADABLE, BadFileError, read_batches

MANY = 2000  # files: more than these are read by several processes, with a progress bar
MOST_PROCESSES = 4  # what these hand over is as much as one process can take
TOGETHER = 64  # files a process is asked for at a time

_COMPLAINTS = {
    UNREADABLE: "cannot be read ({}); check the file",
    DEFUSED: "has a document type definition or entities, which are not read from untrusted files; take its "
    "<!DOCTYPE ...> out, or fetch the record anew",
    MALFORMED: "is not well-formed XML ({}); fetch or mend the file",
}


@dataclass
class Record:
    """One record.

    Arguments:
        identifier: of its OAI-PMH header, "" without one.
        deleted: whether the header says that the record is gone.
        fields: dict of Dublin Core element ("creator") to its values, in the order of the file, without blank ones.
    """

    identifier: str = ""
    deleted: bool = False
    fields: dict[str, list[str]] = field(default_factory=dict)


def read_records(paths, workers=None):
    """The records of XML files, a few at a time.

    Arguments:
        paths: the files, one after the other.
        workers: processes that read; default one for each processor that this process may use, up to
            MOST_PROCESSES, if there are more than MANY files, else none but this one.

    Yields (path, list of Records), in the order of `paths`. A file of many records comes in several lists, the first
    of them with at least two; one without records comes as an empty list.

    Raises InputError, naming the file, for one that cannot be read, is not well-formed, or has a DTD or entities: the
    first of them in the order of `paths`, once all before it were yielded.
    """
    paths = list(paths)
    many = len(paths) > MANY
    workers = workers or (min(processors(), MOST_PROCESSES) if many else 1)
    with bar(total=len(paths), desc="reading records", unit="file", shown=many) as told:
        for path, batches in _in_processes(paths, workers) if workers > 1 else _in_this_process(paths):
            try:
                for batch in batches:
                    yield path, [Record(*record) for record in batch]
            except BadFileError as error:
                complaint = _COMPLAINTS[error.reason].format(shown(error.detail))
                raise InputError(f"{shown_path(path)} {complaint}") from error
            told.update()


def _in_this_process(paths):
    return ((path, read_batches(path, regular_opener)) for path in paths)


def _in_processes(paths, workers):
    """As _in_this_process, read in `workers` processes; at most workers + 2 times TOGETHER files wait to be taken."""
    together = [paths[start : start + TOGETHER] for start in range(0, len(paths), TOGETHER)]
    with _reading_processes(workers) as idle, ThreadPoolExecutor(workers) as pool:
        answers = bounded_map(pool, partial(_ask, idle), together, workers + 2)
        for asked, answer in zip(together, answers, strict=True):
            for path, (batches, error) in zip(asked, answer, strict=True):
                yield path, _replayed(batches, error)


def _replayed(batches, error):
    yield from batches
    if error is not None:
        raise BadFileError(*error)


@contextmanager
def _reading_processes(number):
    """A queue of `number` idle processes, which end with the block.

    They are no multiprocessing workers: these would be forked from a process that may run TensorFlow's threads, or
    import the user's script anew.
    """
    command = [sys.executable, "-P", oai_records.__file__]
    processes, idle = [], SimpleQueue()
    try:
        for _ in range(number):
            processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            idle.put(processes[-1])
        yield idle
    finally:
        for process in processes:
            with suppress(BrokenPipeError):  # it ended early
                process.stdin.close()
            process.stdout.close()
            process.wait()


def _ask(idle, paths):
    """What oai_records.read_file returns for each path, from an idle process."""
    process = idle.get()
    try:
        pickle.dump([os.fspath(path) for path in paths], process.stdin)
        process.stdin.flush()
        return pickle.load(process.stdout)
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(
            f"a process that read {shown_path(paths[0])} and the files after it ended early (exit code "
            f"{process.poll()}); free memory and try again"
        ) from error
    finally:
        idle.put(process)


def holds_dublin_core(path):
    """Whether a file's first 64 KiB name Dublin Core's namespace; False for one that cannot be read."""
    try:
        with open_regular(path) as file:
            return DC.encode() in file.read(CHUNK)
    except OSError:
        return False


def xml_files(source):
    """The XML files a source stands for.

    Arguments:
        source: a file, or a folder (all *.xml below it that are not hidden).

    Returns a sorted list of Paths.

    Raises InputError for a folder that cannot be read.
    """
    source = Path(source)
    if not source.is_dir():
        return [source]
    return [Path(path) for path in sorted(_walk(source))]


def _walk(folder):
    waiting = [folder]
    while waiting:
        for entry in entries(waiting.pop()):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif entry.name.lower().endswith(".xml") and entry.is_file():
                yield entry.path
