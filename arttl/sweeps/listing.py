"""What a dry run says: each run's state, what it takes, and what all take together."""

from __future__ import annotations

from dataclasses import replace

from arttl.base.errors import InputError
from arttl.base.saying import in_words, say
from arttl.base.wording import bytes_text, counted, duration_text

STATES = FINISHED, UNFINISHED, TO_DO, REFUSED = "finished", "unfinished", "to do", "refused"


class Ledger:
    """The runs that a dry run has listed, of one study or of several.

    Attributes:
        runs: dict of a run folder's path to (state, Estimate).
    """

    def __init__(self):
        self.runs = {}
        self._features, self._estimates = set(), None

    def estimate(self, spec, data, output):
        """The Estimate of a run; of those on the same X the first one computes it.

        Arguments:
            spec, data: as of Part.
            output: folder of all runs.
        """
        if self._estimates is None:
            from arttl.runs.estimates import Estimates  # here and not above: it imports Keras

            self._estimates = Estimates(output)
        work = spec.work(data.sizes)
        computed = work.network, work.image_size, work.data.title
        if computed in self._features:
            work = replace(work, passes=0)
        self._features |= {computed} if work.passes else set()
        found = self._estimates.of(work)
        if found.seconds is None or not work.is_trained:
            return found
        left = 1 - _epochs_done(spec.folder) / (work.trainings * work.assumed_epochs())
        return replace(found, seconds=found.seconds * max(0.0, left))

    def total(self, paths=None):
        """Print how many runs are in which state, and what those to be done take.

        Arguments:
            paths: of the runs that count; all by default.
        """
        chosen = [self.runs[path] for path in (self.runs if paths is None else paths)]
        states = [state for state, _ in chosen]
        parts = [f"{states.count(state)} {state}" for state in STATES if state in states]
        left = [estimate for state, estimate in chosen if state in (TO_DO, UNFINISHED)]
        line = f"{counted(len(states), 'run')}: {', '.join(parts)}"
        if left:
            known = [each.seconds for each in left if each.seconds is not None]
            unknown = (
                f" and {counted(len(left) - len(known), 'run')} of unknown length" if len(known) < len(left) else ""
            )
            disk = bytes_text(sum(each.disk or 0 for each in left))
            line += f"; what is left takes about {duration_text(sum(known))}{unknown}, and {disk}"
        print(line)

    def tell(self, title, resume):
        """Print the total of all runs under a title, and the notes."""
        print(f"\n{title}: ", end="")
        self.total()
        self.end(resume)

    def end(self, resume):
        """Say what the times rest on, and end as the runs themselves would.

        Arguments:
            resume: whether unfinished runs are gone on with.

        Raises InputError where one is refused.
        """
        self.notes(resume)
        refused = sum(state == REFUSED for state, _ in self.runs.values())
        if refused:
            raise InputError(f"{refused} of {counted(len(self.runs), 'run')} would be refused, for what is said above")

    def notes(self, resume):
        """Say what the times rest on, and what becomes of unfinished runs.

        Arguments:
            resume: whether they are gone on with.
        """
        if not resume and any(state == UNFINISHED for state, _ in self.runs.values()):
            say("unfinished runs: resume=True goes on with them, force=True makes them anew")
        left = [estimate for state, estimate in self.runs.values() if state in (TO_DO, UNFINISHED)]
        for line in self._estimates.words(left) if left else ():
            print(line)


def list_runs(parts, sweep):
    """List the runs of some Parts and enter them into the sweep's Ledger; what is wrong with one is a line as well.

    Arguments:
        parts: Parts.
        sweep: a Sweep.

    Raises InputError at the end where a run is refused, unless the sweep is a step of a whole that ends itself.
    """
    ledger, mine = sweep.ledger, []
    planned = {spec.folder.path for part in parts for spec in part.specs} | ledger.runs.keys()
    for part in parts:
        for spec in part.specs:
            path = spec.folder.path
            if path in ledger.runs:
                print(f"{'as above':10}  {path}  ({spec.title})")
                continue
            state, why = state_of(spec, part.data, sweep, planned)
            ledger.runs[path] = state, ledger.estimate(spec, part.data, sweep.output)
            mine.append(path)
            takes = _takes(ledger.runs[path][1]) if state in (TO_DO, UNFINISHED) else ""
            print(f"{state:10}  {in_words(why) if why else f'{path}  ({spec.title}{takes})'}")
    ledger.total(mine)
    if not sweep.is_step:
        ledger.end(sweep.resume)


def state_of(spec, data, sweep, planned):
    """The state of a run, and why it is refused.

    What requires a run that is not complete has no settings yet: they are compared when its turn comes.

    Arguments:
        spec, data: as of Part.
        sweep: a Sweep.
        planned: paths of the runs that will be there when its turn comes.

    Returns (state, text), the text empty unless it is refused.
    """
    folder = spec.folder
    missing = [run.path for run in getattr(spec, "requires", ()) if not run.is_complete]
    gone = [path for path in missing if path not in planned]
    if gone and not folder.is_complete:
        return REFUSED, f"{folder.path} starts from {gone[0]}, which is not finished; make that first"
    if sweep.force or not folder.is_started:
        return TO_DO, ""
    if not missing:
        try:
            folder.check_same(spec.settings(data))
        except InputError as error:
            return REFUSED, str(error)
    return FINISHED if folder.is_complete else UNFINISHED, ""


def _takes(estimate):
    time = "" if estimate.seconds is None else f"; about {duration_text(estimate.seconds)}"
    return time + ("" if estimate.disk is None else f", {bytes_text(estimate.disk)}")


def _epochs_done(folder):
    """Epochs that an unfinished run has trained."""
    is_begun = (folder.path / "history.csv").exists() and not folder.is_complete
    return len(folder.history()) if is_begun else 0
