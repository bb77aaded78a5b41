"""How the runs of a sweep are done: where, what of former ones stays, and by whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.files import make_folder
from arttl.sweeps.listing import Ledger

RAY_ONLY = ("address", "gpus_per_run", "cpus_per_run", "max_concurrent")


@dataclass(frozen=True)
class Sweep:
    """How runs are done. It changes no result.

    Attributes:
        output: folder of all runs.
        resume: go on with unfinished runs at their last finished epoch.
        force: make finished and unfinished runs anew.
        dry_run: only list them, each with its state, time and disk.
        executor: "local", one run after the other in this process, or "ray".
        address: of the Ray cluster; None is $RAY_ADDRESS, or one of this machine alone.
        gpus_per_run: of a node's; None gives each run as many as `devices` where there are any.
        cpus_per_run: of a node's; None gives each run an equal part.
        max_concurrent: runs at once; None for as many as fit.
        devices: that share each batch of a run.
        is_step: other sweeps come after it, and who does them all says at the end where the results are.
        ledger: the Ledger of what a dry run has listed.

    Raises InputError where what is for Ray alone is given without it.
    """

    output: Path = Path("runs")
    resume: bool = False
    force: bool = False
    dry_run: bool = False
    executor: str = "local"
    address: str | None = None
    gpus_per_run: float | None = None
    cpus_per_run: int | None = None
    max_concurrent: int | None = None
    devices: int = 1
    is_step: bool = False
    ledger: Ledger = field(default_factory=Ledger, compare=False, repr=False)

    def __post_init__(self):
        for name in RAY_ONLY:
            if not self.on_ray and getattr(self, name) is not None:
                raise InputError(f'{name}= goes with executor="ray"; add it, or leave the other out')

    def make_output(self):
        """Make the folder of all runs, before anything takes long; a dry run makes none.

        Raises InputError when it cannot be made.
        """
        if not self.dry_run:
            make_folder(self.output, "output")

    @property
    def on_ray(self):
        """Whether a Ray cluster does the runs."""
        return self.executor == "ray"
