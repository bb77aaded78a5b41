"""Doing the runs of a sweep on a Ray cluster.

Ray only carries: the truth about a run is its folder, as on one machine. A run whose worker dies goes on from the
checkpoint in its folder, wherever it is begun again, and so does one that was left when the cluster or this process
ended. The kernel frees the lock on a run folder when its worker ends.
"""

from __future__ import annotations

import os
import sys
import time

import ray
from ray import cloudpickle
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from arttl.base.errors import InputError
from arttl.base.saying import in_words
from arttl.sweeps.failures import Failures
from arttl.sweeps.plan import Graph
from arttl.sweeps.progress import Best, Progress
from arttl.sweeps.ray_cluster import connected, head_answers, living_nodes
from arttl.sweeps.ray_state import Record, Seat, kept, stamp
from arttl.sweeps.ray_worker import Worker, environment, one_line

MOST_DEATHS = 3  # of a run's workers without an epoch kept between them, or of a node's workers before they are ready
OTHER_NODE = 30.0  # seconds that a run whose worker died waits for another node
IN_USE = 180.0  # seconds that a run waits for another process to leave its folder, such as a worker of a lost node
RETRY = 5.0  # seconds between two looks at it
LOOK = 5.0  # seconds between two looks at the cluster
NO_NODE = 300.0  # seconds without a fit node
UNSEEN = 90.0  # seconds until what another machine has written is to be seen here: NFS remembers what was not there


def run_on_ray(jobs, sweep, owner):
    """Do runs on the cluster that the sweep asks for; returns the number of runs that failed.

    Arguments:
        jobs: Jobs.
        sweep: a Sweep.
        owner: what the sweep's lock says of its owner.

    Raises InputError when there is no cluster, or no node that can do a run.
    """
    graph, failures = Graph(jobs), Failures(sweep.output)
    if any(job.part.opening is None for job in jobs):
        raise InputError('these runs are done on this machine only; leave executor="ray" out')
    with connected(sweep) as own:
        state = _State(jobs, sweep, owner, graph, failures, own)
        try:
            state.run()
        finally:
            state.end()
    return state.progress.failed


class _State:
    """The state of a sweep, as of its docstring above; `run` does everything."""

    def __init__(self, jobs, sweep, owner, graph, failures, own):
        self.sweep, self.graph, self.failures, self.own = sweep, graph, failures, own
        self.progress, self.records, self.best = Progress(len(jobs)), {job: Record() for job in jobs}, Best()
        parts = list(dict.fromkeys(job.part for job in jobs))
        self.numbers = {part: number for number, part in enumerate(parts)}
        sent = cloudpickle.dumps([(part.run, part.opening, part.data.settings) for part in parts])
        environ = environment()
        if 0 < (sweep.gpus_per_run or 1) < 1:  # or the first run on a GPU takes all of its memory
            environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        modules = [os.path.abspath(folder) for folder in sys.path]
        self.given = ray.put(sent), os.getcwd(), str(sweep.output), owner, environ, modules
        self.seats, self.awaited, self.done = [], {}, []
        self.unfit, self.deaths = {}, {}  # of nodes
        self.nodes, self.looked, self.lacking, self.answers = {}, -LOOK, None, True
        failures.forget(job.spec for job in jobs)

    def run(self):
        """Do all runs."""
        self._look_at_cluster()
        self._announce()
        while self.graph.left:
            if time.monotonic() - self.looked >= LOOK:
                self._look_at_cluster()
            self._seat_workers()
            self._hand_out()
            self._await()
            self.progress.heartbeat()
        until = time.monotonic() + UNSEEN
        while time.monotonic() < until and not all(job.spec.folder.is_complete for job in self.done):
            time.sleep(1)

    def end(self):
        """Let go of the workers."""
        for seat in self.seats:
            ray.kill(seat.actor)
        self.seats = []

    # --- the cluster

    def _look_at_cluster(self):
        self.looked = time.monotonic()
        answered, self.answers = self.answers, head_answers()
        if not self.answers:  # Ray ends this process if that stays so for a minute
            if answered:
                note = (
                    "the head of the cluster does not answer; if Ray gives it up, start the cluster again, and the "
                    "same once more with resume=True goes on"
                )
                self.progress.line(in_words(note))
            return
        gpus = self.sweep.gpus_per_run
        found = living_nodes()
        if gpus is None:
            gpus = self.sweep.devices if any(node.gpus for node in found) else 0
        shares = {node.key: (node, node.share(self.sweep.cpus_per_run, gpus)) for node in found}
        self.nodes = {key: pair for key, pair in shares.items() if pair[1].slots and key not in self.unfit}
        for seat in [seat for seat in self.seats if seat.is_ready and not seat.job and seat.node.key not in shares]:
            self._dismiss(seat)
        if self.nodes:
            self.lacking = None
            return
        self.lacking = self.lacking or self.looked
        patience = 0 if self.own or self.unfit else NO_NODE
        if self.looked - self.lacking >= patience:
            wanted = f"{gpus:g} GPUs" + (f" and {self.sweep.cpus_per_run:g} CPUs" if self.sweep.cpus_per_run else "")
            reason = next(iter(self.unfit.values()), f"none has {wanted}; see gpus_per_run and cpus_per_run")
            raise InputError(f"no node of the Ray cluster can do a run: {reason}")

    def _announce(self):
        slots = sum(share.slots for _, share in self.nodes.values())
        shares = dict.fromkeys(f"{share.cpus:g} CPU and {share.gpus:g} GPU" for _, share in self.nodes.values())
        most = min(slots, self.sweep.max_concurrent or slots)
        where = "this machine" if self.own else f"{len(self.nodes)} node(s)"
        print(f"Ray: {where}; {' or '.join(shares) or 'none fit yet'} a run, {most} at once", flush=True)

    def _seat_workers(self):
        """Start workers where there is room for more, and work for them; those of lost nodes answer with an error."""
        wanted = min(self.graph.left, self.sweep.max_concurrent or self.graph.left)
        wanted = min(wanted, len(self.graph.ready) + sum(seat.job is not None for seat in self.seats))
        while len(self.seats) < wanted and (node := self._roomiest()):
            share = self.nodes[node.key][1]
            where = NodeAffinitySchedulingStrategy(node.key, soft=False)
            actor = ray.remote(Worker).options(
                num_cpus=share.cpus, num_gpus=share.gpus, scheduling_strategy=where, max_restarts=0
            )
            seat = Seat(actor.remote(*self.given), node)
            self.seats.append(seat)
            self.awaited[seat.actor.open.remote()] = seat

    def _roomiest(self):
        """The node with most room for another worker, first of those where no waiting run has lost one; or None."""
        avoided = {key for job in self.graph.ready for key in self.records[job].died_on}
        room = {
            key: share.slots - sum(seat.node.key == key for seat in self.seats)
            for key, (_, share) in self.nodes.items()
        }
        free = [key for key in room if room[key] > 0]
        return self.nodes[min(free, key=lambda key: (key in avoided, -room[key]))][0] if free else None

    # --- runs

    def _hand_out(self):
        for seat in self.seats:
            if seat.is_ready and seat.job is None and (job := self._job_for(seat)):
                self._begin(seat, job)

    def _job_for(self, seat):
        """The first run that may begin on a worker now, or None."""
        now, others = time.monotonic(), self.nodes.keys() - {seat.node.key}
        for job in self.graph.ready:
            record = self.records[job]
            elsewhere = seat.node.key in record.died_on and others - record.died_on
            if now >= record.not_before and not (elsewhere and now - record.died_at < OTHER_NODE):
                return job
        return None

    def _begin(self, seat, job):
        record, spec = self.records[job], job.spec
        config = stamp(spec.folder.path / "config.json")
        if not record.attempts:
            record.config = config
        record.attempts += 1
        force = self.sweep.force and config == record.config  # until an attempt has begun it anew
        seat.job = job
        self.graph.begin(job)
        self.progress.begin(job)
        self.awaited[seat.actor.do.remote(spec, self.numbers[job.part], force)] = seat
        if record.busy_since is None:
            self.progress.line(f"begun: {spec.title} -> {spec.folder.path}, on {seat.name}")

    def _await(self):
        """Take the workers' next answers, those that come within a second."""
        if not self.awaited:
            time.sleep(1)
            return
        answered, _ = ray.wait(list(self.awaited), timeout=1)
        for reference in answered:
            seat = self.awaited.pop(reference)
            try:
                answer = ray.get(reference)
            except RayTaskError as error:
                answer = {
                    "status": "failed" if seat.job else "unfit",
                    "error": one_line(error),
                    "traceback": str(error),
                }
            except RayError as error:
                answer = {"status": "died", "error": one_line(error)[:300]}
            self._answers[answer["status"]](self, seat, answer)

    def _ready(self, seat, answer):
        seat.is_ready = True
        seat.name = f"{seat.node.name} (process {answer['process']})"

    def _unfit(self, seat, answer):
        self._dismiss(seat)
        if seat.node.key not in self.unfit:
            self.unfit[seat.node.key] = f"{seat.node.name}: {answer['error']}"
            self.progress.line(f"no run can be done on {seat.node.name}: {answer['error']}")
        self._look_at_cluster()

    def _done(self, seat, answer):
        job, seat.job = seat.job, None
        seconds = self.progress.finish(job)
        self.done.append(job)
        self.graph.finish(job)
        self.progress.line(f"done: {job.spec.title}, {seconds:.0f} s")
        if job.spec.folder.is_complete:  # its files may come later than its answer
            self.best.see(job.spec)
            self.best.tell()

    def _busy(self, seat, answer):
        job, seat.job = seat.job, None
        record = self.records[job]
        self.progress.stop(job)
        now = time.monotonic()
        if record.busy_since is None:
            record.busy_since = now
            self.progress.line(f"waiting: {answer['error']}")
        if now - record.busy_since > IN_USE:
            self._fail(job, answer, seat)
        else:
            record.not_before = now + RETRY
            self.graph.put_back(job)

    def _failed(self, seat, answer):
        self._dismiss(seat)  # what the run has left in the process is not for others
        self.progress.stop(seat.job)
        self._fail(seat.job, answer, seat)

    def _died(self, seat, answer):
        self._dismiss(seat)
        self.looked = -LOOK
        if seat.job is None:
            self._died_before_ready(seat, answer)
            return
        job, record = seat.job, self.records[seat.job]
        self.progress.stop(job)
        found = kept(job.path)
        record.deaths = 1 if found != record.kept else record.deaths + 1
        record.kept, record.died_at, record.busy_since = found, time.monotonic(), None
        record.died_on.add(seat.node.key)
        if record.deaths >= MOST_DEATHS:
            error = f"its worker died {record.deaths} times before it had kept another epoch ({answer['error']})"
            self._fail(job, answer | {"error": error}, seat)
            return
        self.graph.put_back(job)
        self.progress.line(f"worker died: {job.spec.title}, on {seat.name}; to go on from the last epoch that is kept")

    def _died_before_ready(self, seat, answer):
        key = seat.node.key
        self.deaths[key] = self.deaths.get(key, 0) + 1
        if self.deaths[key] >= MOST_DEATHS:
            self._unfit(seat, {"error": f"its workers die before they are ready ({answer['error']})"})

    def _fail(self, job, answer, seat):
        record = self.records[job]
        self.progress.fail()
        self.failures.add(job.spec, answer["error"], answer.get("traceback", ""), seat.node.name, record.attempts)
        self.progress.line(f"failed: {job.spec.title}: {answer['error']}")
        for lost in self.graph.fail(job):
            needs = next(each for each in lost.spec.requires if each.path in self.graph.failed)
            self.progress.fail()
            self.failures.add(lost.spec, f"it needs {needs.path}, which failed")
            self.progress.line(f"failed: {lost.spec.title}: it needs {needs.path}")

    def _dismiss(self, seat):
        self.seats.remove(seat)
        ray.kill(seat.actor)

    _answers = {  # noqa: RUF012
        "ready": _ready,
        "unfit": _unfit,
        "done": _done,
        "busy": _busy,
        "failed": _failed,
        "died": _died,
    }
