"""Which runs of a sweep are still to be done, and which of them wait for which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from arttl.base.errors import InputError


@dataclass(frozen=True, eq=False)
class Part:
    """Runs that are done alike, on the same data.

    Attributes:
        specs: what describes a run: objects with a `folder` (RunFolder), a `title`, `settings(data)`, `work(sizes)`
            that gives its Work (arttl.runs.costs), and where they start from results of other runs `requires`, the
            RunFolders of these.
        data: what the runs have in common, as `settings` and `run` take it, with its DataSize as `sizes`.
        run: a function of a spec, the data and whether to make the run anew. On a cluster each worker has a copy of
            it, with whatever it keeps from one run to the next.
        opening: a function of nothing that opens the data on another machine, with arguments that are small to send
            (`functools.partial`). None: these runs are done here only.
    """

    specs: list
    data: object
    run: Callable
    opening: Callable | None = None


@dataclass(frozen=True, eq=False)
class Job:
    """One run to do: its spec, and the Part it belongs to."""

    spec: object
    part: Part

    @property
    def path(self):
        """The run folder's path, which tells one run from another."""
        return self.spec.folder.path


def required(spec):
    """Paths of the run folders that a run starts from."""
    return [folder.path for folder in getattr(spec, "requires", ())]


def jobs_to_do(parts, sweep):
    """The runs of all parts that are not complete yet, or all where they are forced, as Jobs.

    Arguments and errors: as `runs_to_do`.
    """
    specs = [spec for part in parts for spec in part.specs]
    pending = {spec.folder.path for spec in specs if sweep.force or not spec.folder.is_complete}
    jobs = {}
    for part in parts:
        for spec in runs_to_do(part.specs, part.data, sweep, pending):
            jobs.setdefault(spec.folder.path, Job(spec, part))
    return list(jobs.values())


def runs_to_do(specs, data, sweep, pending=()):
    """Those runs that are not complete yet, or all where they are forced.

    Arguments:
        specs: as of Part.
        data: what the runs have in common, as their `settings` takes it.
        sweep: a Sweep.
        pending: paths of runs that will be done before. What requires one of them has no settings yet: it is among
            the runs to do, and is compared with its settings when its turn comes.

    Raises InputError for an unfinished run without --resume, and for one made with other settings.
    """
    to_do = []
    for spec in specs:
        waits = any(path in pending for path in required(spec))
        if not sweep.force:
            if spec.folder.is_started and not waits:
                spec.folder.check_same(spec.settings(data))
            if spec.folder.is_complete:
                if waits:
                    to_do.append(spec)
                continue
            if spec.folder.is_started and not sweep.resume:
                raise InputError(
                    f"{spec.folder.path} is unfinished; resume=True continues it, force=True starts it anew"
                )
        to_do.append(spec)
    return to_do


class Graph:
    """The order of runs: which of them can begin now.

    Arguments:
        jobs: Jobs of different folders. A run waits for those that it requires, where they are among the jobs.

    Attributes:
        ready: the Jobs that can begin, in the order in which they were given.
        left: number of Jobs that have neither been finished nor failed.
        failed: paths of those that have failed.

    Raises InputError for runs that require each other.
    """

    def __init__(self, jobs):
        self._jobs = {job.path: job for job in jobs}
        self._place = {path: place for place, path in enumerate(self._jobs)}
        self._before = {
            path: [each for each in required(job.spec) if each in self._jobs] for path, job in self._jobs.items()
        }
        self._sorter = TopologicalSorter(self._before)
        try:
            self._sorter.prepare()
        except CycleError as error:
            raise InputError(f"runs require each other: {', '.join(map(str, error.args[1]))}") from error
        self.left, self.ready, self.failed = len(self._jobs), [], set()
        self._look()

    def begin(self, job):
        """Take a ready run out of those that can begin."""
        self.ready.remove(job)

    def put_back(self, job):
        """A run that was begun can begin again."""
        self.ready.append(job)
        self.ready.sort(key=lambda each: self._place[each.path])

    def finish(self, job):
        """A run is complete; what waited for it alone can begin."""
        self.left -= 1
        self._sorter.done(job.path)
        self._look()

    def fail(self, job):
        """A run has failed. Returns the Jobs that require it, directly or not, and so have failed too."""
        self.left -= 1
        self.failed.add(job.path)
        lost = []
        for path in TopologicalSorter(self._before).static_order():
            if path not in self.failed and self.failed.intersection(self._before[path]):
                self.failed.add(path)
                lost.append(self._jobs[path])
        self.left -= len(lost)
        return lost

    def _look(self):
        for path in self._sorter.get_ready():
            self.put_back(self._jobs[path])
