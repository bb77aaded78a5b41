"""How runs are computed: in which precision and on how many devices; and where their progress is shown besides."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass

from arttl.base.deviation import Deviation
from arttl.base.keras_settings import settings_pinned
from arttl.models.devices import devices_shared


@dataclass(frozen=True)
class Computing:
    """How one run is computed. What is not the default changes results, if only by rounding, and is recorded.

    Attributes:
        precision: as arttl.training.layers_compute_in takes it.
        devices: number of devices of this machine that share each batch.
        track: names of arttl.runs.tracking.TRACKERS that are told of each epoch; it changes no result.
    """

    precision: str = "float32"
    devices: int = 1
    track: tuple = ()

    @classmethod
    def asked(cls, options):
        """What a namespace of options asks for.

        Arguments:
            options: of a parser with arttl.cli.options.add_computing.
        """
        return cls(options.precision, options.devices, tuple(dict.fromkeys(options.track)))

    @property
    def settings(self):
        """What a run's settings say of it: a dict, empty for the defaults."""
        mine = {"precision": self.precision, "devices": self.devices}
        return {name: value for name, value in mine.items() if value != getattr(USUAL, name)}

    @property
    def deviations(self):
        """Departures from the studies: a list of Deviations."""
        precision = f"layers compute in {self.precision}, not {USUAL.precision}"
        devices = f"{self.devices} devices share each batch: sums are rounded otherwise"
        lines = {"precision": precision, "devices": devices}
        return [Deviation(name, lines[name], here, getattr(USUAL, name)) for name, here in self.settings.items()]

    def tell(self, specs):
        """Say by what the runs are computed, where there are any to do.

        Arguments:
            specs: of these runs.
        """
        from arttl.training.precision import computing_lines

        for line in computing_lines(self.precision) if specs else ():
            print(line, flush=True)

    @contextmanager
    def applied(self):
        """Within this block models are built, compiled and trained like that."""
        from arttl.training import layers_compute_in  # here and not above: --help must not cost the time Keras takes

        with settings_pinned(), devices_shared(self.devices), layers_compute_in(self.precision):
            yield


USUAL = Computing()
"""Float32 on one device, as the studies."""
