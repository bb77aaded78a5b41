"""Deviations: where a run departs from the study that it reproduces, as records that config.json keeps."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace


@dataclass(frozen=True)
class Deviation:
    """One departure.

    Attributes:
        setting: what departs, by its name in settings ("optimizer.learning_rate", "image_size", "weights"); where it is
            none of them, a word for it ("data", "graph").
        line: it in words.
        here, study: the values, of JSON's types; None where there are none to name.
        of: the run that brings it, where that is not the run itself: "the source", "the search".
    """

    setting: str
    line: str
    here: object = None
    study: object = None
    of: str = ""

    @property
    def text(self):
        """The line as people read it."""
        return f"{self.of}: {self.line}" if self.of else self.line


def changed(setting, here, study):
    """The Deviation of a setting whose value is another than the study's."""
    return Deviation(setting, f"{setting} is {here}, not {study}", here, study)


def other_weights(weights):
    """The Deviation of a network that does not start from ImageNet's weights.

    Arguments:
        weights: what it starts from: a name, or the path of a file.
    """
    return Deviation("weights", f"{_BEFORE}{weights}{_AFTER}", str(weights), "imagenet")


def recorded(found):
    """What config.json keeps of Deviations: the lines for who reads it, and the records."""
    return {"deviations": [each.text for each in found], "departures": [asdict(each) for each in found]}


def recalled(config):
    """The Deviations of a run.

    Arguments:
        config: the content of its config.json, a dict; one of before the records has its lines alone.

    Returns a list. Raises KeyError or TypeError for another content.
    """
    if "departures" not in config:
        return [_of_line(line) for line in config["deviations"]]
    names = {each.name for each in fields(Deviation)}
    return [Deviation(**{name: each[name] for name in names & each.keys()}) for each in config["departures"]]


def inherited(config, of):
    """The Deviations that a run takes over from another.

    Arguments:
        config: as recalled() takes it, of the other run.
        of: what that run is to this one: "the source" or "the search".
    """
    return [replace(each, of=f"{of}: {each.of}" if each.of else of) for each in recalled(config)]


_BEFORE, _AFTER = "starts from ", " weights, not ImageNet's"


def _of_line(line):
    """A Deviation of before the records; only that of weights, whose folder is nobody's business, is known again."""
    of, found, rest = line.partition(f": {_BEFORE}")
    of, rest = (of, _BEFORE + rest) if found and not line.startswith(_BEFORE) else ("", line)
    if rest.startswith(_BEFORE) and rest.endswith(_AFTER):
        return replace(other_weights(rest.removeprefix(_BEFORE).removesuffix(_AFTER)), of=of)
    return Deviation("", line)
