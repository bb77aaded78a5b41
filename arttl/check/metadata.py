"""What can be checked without opening an image: challenges, their classes and splits, and how labels are written."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.wording import counted
from arttl.check.findings import Finding
from arttl.collections.table import PARTS
from arttl.collections.targets import find_target
from arttl.published.chapter1 import COLLECTIONS, is_near
from arttl.splits import Split, make_split

TAIL = {"1 image": (1, 1), "2-9": (2, 9), "10-99": (10, 99), "100 or more": (100, None)}
"""Classes by their number of images, from and to."""

MOST_DROPPED = 0.25
"""The share of a challenge's images that a split may leave out without a word of warning."""


@dataclass(frozen=True, eq=False)
class ChallengeFacts:
    """One challenge of a collection.

    Arguments:
        challenge: its name.
        labels: str Series of the labels, indexed by image_id.
        split: the Split that training would use, or None if it cannot be drawn.
        problem: why it cannot be drawn, or "".
        drawn: the Split before any class was left out; None without one.
        stratified: the Split that `stratified` would draw, where this one leaves classes out and that one fewer.
        differences: how the split differs from the row of Table 4 that the collection was cut as or is named
            like, in words; None for one that is neither.
    """

    challenge: str
    labels: pd.Series
    split: Split | None
    problem: str = ""
    differences: list[str] | None = None
    drawn: Split | None = None
    stratified: Split | None = None

    @property
    def tail(self):
        """A dict of TAIL's names to the number of classes with so many images."""
        counts = self.labels.value_counts()
        return {name: int(counts.between(low, high or len(self.labels)).sum()) for name, (low, high) in TAIL.items()}

    @property
    def left(self):
        """What the split leaves to train on, in words, and whether it leaves anything out."""
        classes = 0 if self.split is None else len(self.split.classes)
        return self.kept_by(self.split), classes < self.labels.nunique()

    def kept_by(self, split):
        """'2 of 5 classes and 41 of 55 images', of a Split of these labels, or None."""
        images, classes = (0, 0) if split is None else (len(split.table), len(split.classes))
        of = self.labels.nunique()
        return f"{classes:,} of {counted(of, 'class')} and {images:,} of {counted(len(self.labels), 'image')}"

    @property
    def shares(self):
        """Images of every class, in all and in each part as drawn: a DataFrame, largest class first.

        Classes that the split leaves out are among them; without a split nothing is in any part.
        """
        sizes = self.labels.value_counts()
        table = pd.DataFrame({"images": sizes[sorted(sizes.index, key=lambda label: (-sizes[label], label))]})
        drawn = pd.DataFrame(columns=PARTS)
        if self.drawn is not None:
            drawn = pd.crosstab(self.drawn.table.label, self.drawn.table.split)
        return table.join(drawn.reindex(columns=PARTS)).fillna(0).astype(int)

    @property
    def learned(self):
        """The classes that the split leaves, a set."""
        return set() if self.split is None else set(self.split.classes)

    @property
    def published(self):
        """The rows of Table 1 with about as many images: a list of (collection, N_t, Q_t)."""
        return [
            (collection, images, classes)
            for (challenge, collection), (images, classes) in COLLECTIONS.items()
            if challenge == self.challenge and is_near(len(self.labels), images)
        ]


def challenge_facts(collection, challenge, seed, min_images=1, together=(), preset="thesis"):
    """The ChallengeFacts of a collection's challenge, with its split.

    Arguments:
        collection: a Collection.
        challenge: one of its challenges.
        seed, min_images: of the split.
        together: groups of image ids that it keeps in one part.
        preset: of arttl.splits.
    """
    labels, given = collection.labels(challenge), collection.given_split()
    asked = {"seed": seed, "given": given, "min_images": min_images, "groups": together}
    whole, _ = _tried(labels, **asked | {"preset": "released"})
    split, problem = _tried(labels, **asked | {"preset": preset})
    better = None
    if given is None and preset == "thesis" and (split is None or split.dropped):
        better, _ = _tried(labels, **asked | {"preset": "stratified"})
        better = better if better and (split is None or len(better.classes) > len(split.classes)) else None
    if split is None:
        return ChallengeFacts(challenge, labels, None, problem, None, whole, better)
    cut = collection.made.get("cut", {})
    target = find_target(str(cut.get("target", collection.name)))
    drawn = split if preset == "stratified" else whole
    return ChallengeFacts(challenge, labels, split, "", target and target.differences(split.table), drawn, better)


def _tried(labels, **asked):
    """(the Split, "") that make_split draws, or (None, why it cannot)."""
    try:
        return make_split(labels, **asked), ""
    except InputError as error:
        return None, str(error)


def metadata_findings(collection, facts):
    """Findings about rows, files and labels: a list.

    Arguments:
        collection: a Collection that was read with skip_missing.
        facts: the ChallengeFacts of its challenges.
    """
    findings = [Finding("cannot-split", each.challenge, detail=each.problem) for each in facts if each.problem]
    findings += [Finding("missing", item=item, detail="no such image") for item in collection.without_image]
    findings += [
        Finding("unreadable", item=item, detail="a folder that cannot be read") for item in collection.unreadable
    ]
    findings += [
        Finding("not-read", item=item, detail="a format that is not read; convert it to JPEG or PNG")
        for item in collection.not_read
    ]
    for each in facts:
        findings += dropped_classes(each)
        findings += label_variants(each.labels, each.challenge)
    return findings + [Finding("without-row", item=item, detail="no row") for item in collection.without_row]


def class_rows(facts):
    """A row for each class of a challenge, with its images of each part as drawn: a list of Findings.

    Arguments:
        facts: ChallengeFacts.
    """
    return [
        Finding(
            "class",
            facts.challenge,
            label,
            ", ".join(f"{counts[part]} {part}" for part in PARTS) + ("" if label in facts.learned else "; left out"),
        )
        for label, counts in facts.shares.iterrows()
    ]


def dropped_classes(facts):
    """What the split of a challenge leaves out: a Finding a class, and one of them all if they are many images.

    Arguments:
        facts: ChallengeFacts.
    """
    dropped = {} if facts.split is None else facts.split.dropped
    lost = sum(dropped.values())
    findings = [
        Finding(
            "dropped", facts.challenge, label, f"{counted(count, 'image')}, which are not in every part of the split"
        )
        for label, count in dropped.items()
    ]
    if lost > MOST_DROPPED * len(facts.labels):
        return [Finding("few-left", facts.challenge, detail=f"{facts.left[0]} are left after the split"), *findings]
    return findings


def label_variants(labels, challenge):
    """Labels that differ only in case, blanks, accents or Unicode form.

    Arguments:
        labels: str Series.
        challenge: whose labels they are.

    Returns a list of Findings, one a label, the most frequent of each group first.
    """
    counts, alike = labels.value_counts(), defaultdict(list)
    for label, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        alike[plain_label(label)].append((label, int(count)))
    groups = [group for _, group in sorted(alike.items()) if len(group) > 1]
    return [
        Finding("label-variant", challenge, label, f"{count} of {sum(n for _, n in group)} images", f"label-{number}")
        for number, group in enumerate(groups, 1)
        for label, count in group
    ]


def plain_label(label):
    """A label without case, accents and needless blanks: ' Boëtius  BOLSWERT' becomes 'boetius bolswert'."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", label).casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())
