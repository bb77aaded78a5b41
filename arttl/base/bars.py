"""How far long work has come: a bar on a terminal; lines, from time to time, where standard error goes elsewhere."""

from __future__ import annotations

import sys
import time

INTERVAL = 60.0  # seconds between two lines; work that is done sooner has none
INTERVAL_SHOWN = 0.2  # seconds between two looks of a bar


def bar(items=None, *, total=None, initial=0, desc, unit="it", leave=True, delay=0, shown=True):
    """Tell on standard error how far work has come.

    Arguments:
        items: what to iterate over; None to call `update` instead.
        total: number of units; by default that of items.
        initial: number of them that were done before.
        desc: what is done, such as "decoding images".
        unit: what the bar counts.
        leave: leave the bar on the terminal when it is full.
        delay: seconds before the bar appears.
        shown: False: nothing is told.

    Returns an iterable of the items, which is a context manager with `update(n=1)` too.
    """
    if shown and not sys.stderr.isatty():
        return _Lines(items, len(items) if total is None else total, initial, desc)
    from tqdm import tqdm

    about = {"initial": initial, "desc": desc, "unit": unit, "leave": leave, "delay": delay}
    about |= {"mininterval": INTERVAL_SHOWN, "dynamic_ncols": True}
    return tqdm(items, total=total, disable=not shown, **about)


class _Lines:
    """What log files and the mail of cron jobs are for: lines, with nothing that a terminal alone understands."""

    def __init__(self, items, total, initial, desc):
        self.items, self.total, self.initial, self.desc = items, total, initial, desc
        self.n, self.begun = initial, time.monotonic()
        self.told = self.begun

    def __iter__(self):
        for item in self.items:
            yield item
            self.update()

    def update(self, n=1):
        """So many more units are done."""
        self.n += n
        now = time.monotonic()
        if now - self.told >= INTERVAL:
            from arttl.base.wording import duration_text  # here, since reading collections is told too

            self.told = now
            left = (now - self.begun) / (self.n - self.initial) * (self.total - self.n)
            share = f"{self.n:,} of {self.total:,} ({self.n / self.total:.0%})"
            print(f"{self.desc}: {share}, about {duration_text(left)} left", file=sys.stderr, flush=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Nothing is left on the screen."""
