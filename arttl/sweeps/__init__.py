"""Many runs: which are still to be done, which of them wait for which, and doing them here or on a Ray cluster."""

from __future__ import annotations

from arttl.base.errors import RunsFailed
from arttl.base.saying import in_words, say
from arttl.base.wording import duration_text
from arttl.sweeps.listing import list_runs
from arttl.sweeps.lock import sweep_lock
from arttl.sweeps.plan import Graph, Job, Part, jobs_to_do, runs_to_do
from arttl.sweeps.progress import Best, Progress, expected_seconds, tell_where
from arttl.sweeps.settings import Sweep

__all__ = ["Graph", "Job", "Part", "Sweep", "do_parts", "do_runs", "runs_to_do"]


def do_runs(specs, data, sweep, run, prepare=lambda specs: None, opening=None, report=lambda: None):
    """Do the runs that are not done yet, or in a dry run only list them; `do_parts` of one Part.

    Arguments:
        specs, data, run, opening: of the Part.
        sweep, prepare, report: as of `do_parts`.

    Returns whether there are results.
    """
    return do_parts([Part(specs, data, run, opening)], sweep, prepare, report)


def do_parts(parts, sweep, prepare=lambda specs: None, report=lambda: None):
    """Do the runs of a sweep that are not done yet, each after those it requires, or in a dry run only list them.

    Here a run that fails ends the sweep with its error. On Ray it is recorded in failures.csv, in the folder of
    --output, and the others go on.

    Arguments:
        parts: Parts; their runs are begun in this order, as far as what they require allows.
        sweep: a Sweep.
        prepare: a function of the specs to do, called before the first run.
        report: called after the last run, to say what came of them all; some may have failed.

    Returns whether there are results.

    Raises InputError for an unfinished run without --resume, for one made with other settings, and where another
    sweep is at work in --output; RunsFailed, after the report, when runs failed on Ray.
    """
    if sweep.dry_run:
        list_runs(parts, sweep)
        return False
    failed = 0
    with sweep_lock(sweep.output, alone=sweep.on_ray) as owner:
        jobs = jobs_to_do(parts, sweep)
        prepare([job.spec for job in jobs])
        if sweep.on_ray and jobs:
            from arttl.sweeps.ray_sweep import run_on_ray

            failed = run_on_ray(jobs, sweep, owner)
        else:
            _run_here(jobs, sweep)
    runs = sum(len(part.specs) for part in parts)
    if len(jobs) < runs:
        say(f"{runs - len(jobs)} of {runs} runs were finished already; force=True makes them anew")
    report()
    if not sweep.is_step:
        tell_where(sweep.output)
    if failed:
        raise RunsFailed(
            f"{failed} of {len(jobs)} runs failed; {sweep.output / 'failures.csv'} says why, and "
            + in_words("the same once more with resume=True does them again")
        )
    return True


def _run_here(jobs, sweep):
    """Do one run after the other in this process."""
    graph, best = Graph(jobs), Best()
    progress = Progress(len(jobs), expected=expected_seconds(jobs, sweep.output) if len(jobs) > 1 else {})
    for number in range(1, len(jobs) + 1):
        job = graph.ready[0]
        graph.begin(job)
        progress.begin(job)
        left = progress.remaining()
        about = "" if left is None else f", about {duration_text(left)} left"
        print(f"[{number}/{len(jobs)}{about}] {job.spec.title} -> {job.spec.folder.path}", flush=True)
        job.part.run(job.spec, job.part.data, sweep.force)
        progress.finish(job)
        graph.finish(job)
        best.see(job.spec)
        if number > 1:
            best.tell()
