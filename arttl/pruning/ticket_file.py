"""The tickets of one search in one file, to which each round adds its own.

A search's masks are nested, so one byte a weight, the round in which it was pruned, holds those of all rounds.
"""

from __future__ import annotations

import glob
import json
import math
from pathlib import Path

import numpy as np

from arttl.base.errors import InputError
from arttl.pruning.ticket_layout import DENSE, FORMAT, PACKED, checksum, is_held, reading, write

MAX_ROUNDS = 254  # the round is kept in a byte, and 0 stands for never


class Tickets:
    """What a file of tickets says about its search, as of opening.

    Arguments:
        path: the file.

    Attributes:
        path: the file, a pathlib.Path.
        rounds: number of rounds in it.
        metadata: dict, as given to TicketFile.create.
        rate: fraction of the remaining weights that a round prunes.
        scope: "global" or "layer".

    Raises InputError when the file is missing, foreign, of a later version or damaged.
    """

    def __init__(self, path):
        self.path = Path(path)
        with reading(self.path) as reader:
            self._settings = reader.settings
            self._shapes = {weight["name"]: tuple(weight["shape"]) for weight in self._settings["weights"]}
            self._prunable = [weight["name"] for weight in self._settings["weights"] if weight["prunable"]]
            self._check()

    def _check(self):
        """Raise KeyError, TypeError or ValueError unless the settings are complete."""
        settings = self._settings
        self.metadata, self.rate, self.scope = settings["metadata"], settings["rate"], settings["scope"]
        sums = [settings[f"{name}_crc32"] for name in ("theta_k", "pruned_in", "theta_0")]
        named = len(self._shapes) == len(settings["weights"]) and all(isinstance(name, str) for name in self._shapes)
        if not named or None in sums[:2]:
            raise ValueError("its settings contradict each other")
        if self.rounds > MAX_ROUNDS:
            raise ValueError(f"it has {self.rounds} rounds")
        left = self._count(self._prunable)
        for entry in settings["rounds"]:
            if not 0 <= entry["remaining"] <= left or not isinstance(entry["facts"], dict):
                raise ValueError("its rounds are not nested")
            left, _ = entry["remaining"], entry["final_crc32"]

    @property
    def rounds(self):
        """Number of rounds in the file."""
        return len(self._settings["rounds"])

    def facts(self, round):
        """What was recorded about a round, from 1 on: a dict, as given to TicketFile.add_round."""
        return dict(self._entry(round)["facts"])

    def sparsity(self, round):
        """Fraction of the prunable weights that are pruned in a round's ticket; 0 for round 0."""
        count = self._count(self._prunable)
        return 1 - self._entry(round, first=0)["remaining"] / count if count else 0.0

    def _entry(self, round, first=1):
        if not isinstance(round, int | np.integer) or not first <= round <= self.rounds:
            raise InputError(f"{self.path} has no round {round}; choose one from {first} to {self.rounds}")
        if round == 0:
            final = self._settings.get("final_0_crc32")  # files of before round 0 was transferred have none
            return {"facts": {}, "remaining": self._count(self._prunable), "final_crc32": final}
        return self._settings["rounds"][round - 1]

    def _count(self, names):
        return sum(math.prod(self._shapes[name]) for name in names)

    def _parts(self, flat, names):
        """A flat array as a dict of name to array."""
        ends = np.cumsum([math.prod(self._shapes[name]) for name in names])[:-1]
        parts = np.split(flat, ends) if names else []
        return {name: part.reshape(self._shapes[name]) for name, part in zip(names, parts, strict=True)}

    def read_weights(self, name="theta_k"):
        """Every weight of theta_k or theta_0, a dict of name to float32 array; None where the file has none."""
        expected = self._settings[f"{name}_crc32"]
        if expected is None:
            return None
        with reading(self.path) as reader:
            self._check_same(reader)
            flat = reader.read(name, self._count(self._shapes), np.float32, expected)
        return self._parts(flat, list(self._shapes))

    def read_masks(self, round):
        """A round's masks, a dict of name to boolean array; those of round 0 keep everything."""
        remaining = self._entry(round, first=0)["remaining"]
        flat = self._masks_of(self._read_pruned_in(), round)
        if np.count_nonzero(flat) != remaining:
            raise InputError(f"{self.path} is damaged (masks of round {round}); take it from a backup or search again")
        return self._parts(flat, self._prunable)

    def read_final(self, round):
        """The surviving trained weights of a round, a dict of name to float32 array with zeros where it is pruned.

        Returns None where the file does not keep them.
        """
        entry = self._entry(round, first=0)
        if entry["final_crc32"] is None:
            return None
        masks = self.read_masks(round)
        dense = [name for name in self._shapes if name not in masks]
        count = entry["remaining"] + self._count(dense)
        with reading(self.path) as reader:
            self._check_same(reader)
            flat = reader.read(f"final_{round}", count, np.float32, entry["final_crc32"])
        pruned = np.zeros(self._count(self._prunable), np.float32)
        pruned[np.concatenate([mask.ravel() for mask in masks.values()] or [[]]).astype(bool)] = flat[
            : entry["remaining"]
        ]
        arrays = self._parts(pruned, self._prunable) | self._parts(flat[entry["remaining"] :], dense)
        return {name: arrays[name] for name in self._shapes}

    def _read_pruned_in(self):
        with reading(self.path) as reader:
            self._check_same(reader)
            # The file may have gained rounds since it was opened: the checksum is that of the masks of now.
            expected = reader.settings["pruned_in_crc32"]
            return reader.read("pruned_in", self._count(self._prunable), np.uint8, expected)

    @staticmethod
    def _masks_of(pruned_in, round):
        # 0, never, becomes 255 and so survives every round.
        return (pruned_in - np.uint8(1)) >= round

    def _check_same(self, reader):
        """The file may gain rounds while it is in use; anything else means that it is another search's."""
        mine, now = dict(self._settings), dict(reader.settings)
        for settings in (mine, now):
            settings["pruned_in_crc32"] = None
            settings["rounds"] = settings["rounds"][: self.rounds]
        if json.dumps(mine) != json.dumps(now):  # as text, in which one NaN equals another
            raise InputError(f"{self.path} has been replaced by another search's since it was opened; open it again")


class TicketFile(Tickets):
    """A file of tickets that a search adds its rounds to: made by `create`, or opened to go on with.

    Each round writes the whole file anew beside the old one and then gives it its name, so that a crash at any moment
    leaves the rounds that were there, and whoever reads at that moment reads those. That needs room for two copies
    and costs a copy a round (docs/tickets.md). One process may write at a time.

    Arguments:
        path: a file that exists.

    Raises InputError when the file is missing, foreign, of a later version or damaged.

    Example:
        >>> file = TicketFile.create("tickets.h5", weights, ["conv/kernel"], rate=0.2, scope="global", metadata={})
        >>> file.add_round(masks, final_weights=None, facts={"accuracy": 0.9})
    """

    def __init__(self, path):
        super().__init__(path)
        self._pruned_in = self._read_pruned_in()
        for left in self.path.parent.glob(f".{glob.escape(self.path.stem)}.????????.partial{self.path.suffix}"):
            left.unlink(missing_ok=True)  # what a writer that was killed left behind

    @classmethod
    def create(cls, path, weights_k, prunable, *, rate, scope, metadata, weights_0=None, final_weights=None):
        """Begin a search's file: theta_k and no rounds yet.

        Arguments:
            path: the file, which must not exist.
            weights_k: dict of "layer/variable" to array: every weight of the network after epoch k, in layer order.
            prunable: the names of those that the masks cover.
            rate: fraction of the remaining weights that a round prunes.
            scope: "global" or "layer": over what magnitudes are compared.
            metadata: dict that JSON can hold: whatever else describes the search.
            weights_0: the same weights before training, to be kept too; None: they are not.
            final_weights: the same weights as the unpruned network's training left them, to be kept as those of round
                0; None: they are not.

        Returns a TicketFile.

        Raises InputError when the file exists or cannot be written; ValueError when the names or shapes of the
        arguments do not fit each other, or a weight is not exact in float32.
        """
        path = Path(path)
        if path.exists():
            raise InputError(f"{path} exists already; remove it, or go on with its search")
        unknown = [name for name in prunable if name not in weights_k]
        if unknown:
            raise ValueError(f"{unknown[0]} is to be pruned but is not a weight of the network")
        chosen = set(prunable)
        names = [
            {"name": name, "shape": list(np.shape(array)), "prunable": name in chosen}
            for name, array in weights_k.items()
        ]
        blocks = {"theta_k": (_flat(weights_k, weights_k, "theta_k"), DENSE)}
        if weights_0 is not None:
            blocks["theta_0"] = (_flat(weights_0, weights_k, "theta_0"), DENSE)
        if final_weights is not None:
            order = sorted(weights_k, key=lambda name: name not in chosen)  # as read_final has them
            blocks["final_0"] = (_flat(final_weights, {name: weights_k[name] for name in order}, "theta_i"), PACKED)
        pruned_in = np.zeros(sum(np.size(weights_k[name]) for name in chosen), np.uint8)
        blocks["pruned_in"] = (pruned_in, PACKED)
        sums = {"theta_0_crc32": None} | {f"{name}_crc32": checksum(array) for name, (array, _) in blocks.items()}
        search = {"format": FORMAT, "rate": rate, "scope": scope, "metadata": metadata}
        write(path, {**search, "weights": names, **sums, "rounds": []}, blocks)
        return cls(path)

    def add_round(self, masks, final_weights, facts):
        """Add a round's ticket; it is on the disk when this returns.

        Arguments:
            masks: dict of name to boolean array, True where a weight survives, of every prunable weight.
            final_weights: dict of every weight as trained in this round (theta_i), of which the surviving and the
                unprunable ones are kept; None: they are not.
            facts: dict that JSON can hold: what is to be known of the round.

        Raises ValueError when masks or weights are not those of this search, or a mask revives a weight that an
        earlier round pruned; InputError when the file cannot be written or has changed since it was opened.
        """
        round = self.rounds + 1
        if round > MAX_ROUNDS:
            raise ValueError(f"{self.path} holds {MAX_ROUNDS} rounds, and has them; begin another search")
        pruned_in, survives = self._pruned_by(masks, round)
        blocks = {"pruned_in": (pruned_in, PACKED)}
        if final_weights is not None:
            blocks[f"final_{round}"] = (self._surviving(final_weights, survives), PACKED)
        with reading(self.path) as reader:
            self._check_same(reader)
            if len(reader.settings["rounds"]) != self.rounds:
                raise InputError(f"{self.path} has had rounds added by another process; open it again to go on")
        entry = {"facts": facts, "remaining": int(np.count_nonzero(survives)), "final_crc32": None}
        if final_weights is not None:
            entry["final_crc32"] = checksum(blocks[f"final_{round}"][0])
        settings = self._settings | {"pruned_in_crc32": checksum(pruned_in)}
        settings["rounds"] = [*settings["rounds"], entry]
        write(self.path, settings, blocks, self._kept(), self.path)
        super().__init__(self.path)
        self._pruned_in = pruned_in

    def _kept(self):
        """Names of the datasets that a further round leaves as they are."""
        kept = ("theta_k", "theta_0", "final_0")
        names = [name for name in kept if self._settings.get(f"{name}_crc32") is not None]
        entries = enumerate(self._settings["rounds"], start=1)
        return names + [f"final_{number}" for number, entry in entries if entry["final_crc32"] is not None]

    def _pruned_by(self, masks, round):
        """The round in which each weight was pruned, with this round's masks, and those masks, flat."""
        if masks.keys() != set(self._prunable):
            odd = sorted(masks.keys() ^ set(self._prunable))[0]
            raise ValueError(f"{odd}: {'this search does not prune it' if odd in masks else 'its mask is missing'}")
        for name, array in masks.items():
            if np.asarray(array).dtype != bool or np.shape(array) != self._shapes[name]:
                raise ValueError(f"{name}: the mask must be boolean and of shape {self._shapes[name]}")
        before = self._parts(self._pruned_in, self._prunable)
        for name in self._prunable:
            revived = np.count_nonzero(masks[name] & (before[name] != 0))
            if revived:
                raise ValueError(f"{name}: the mask of round {round} revives {revived} weights pruned before")
        survives = np.concatenate([np.ravel(masks[name]) for name in self._prunable] or [np.zeros(0, bool)])
        return np.where((self._pruned_in == 0) & ~survives, np.uint8(round), self._pruned_in), survives

    def _surviving(self, final_weights, survives):
        """A round's trained weights as they are kept: the surviving ones, then the unprunable ones."""
        if final_weights.keys() != self._shapes.keys():
            odd = sorted(final_weights.keys() ^ self._shapes.keys())[0]
            raise ValueError(f"{odd} is {'not in this search' if odd in final_weights else 'missing'}")
        like = {name: np.empty(self._shapes[name], bool) for name in self._prunable}
        pruned = _flat({name: final_weights[name] for name in self._prunable}, like, "theta_i")
        dense = {name: shape for name, shape in self._shapes.items() if name not in like}
        like = {name: np.empty(shape, bool) for name, shape in dense.items()}
        return np.concatenate([pruned[survives], _flat({name: final_weights[name] for name in dense}, like, "theta_i")])


def _flat(arrays, like, what):
    """Arrays end to end in float32, in the order of `like`, whose names and shapes they must have."""
    if arrays.keys() != like.keys():
        raise ValueError(f"{what}: {sorted(arrays.keys() ^ like.keys())[0]} is in one network and not in the other")
    parts = [np.zeros(0, np.float32)]
    for name, other in like.items():
        array = np.asarray(arrays[name])
        if array.shape != np.shape(other):
            raise ValueError(f"{what}: {name} has shape {array.shape}, not {np.shape(other)}")
        if not is_held(array.dtype):
            raise ValueError(f"{what}: {name} is {array.dtype}, which float32 cannot hold exactly")
        parts.append(array.astype(np.float32, copy=False).ravel())
    return np.concatenate(parts)
