"""What can be checked without opening an image: challenges, their classes and splits, and how labels are written."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from arttl.check.findings import Finding
from arttl.collections.table import PARTS
from arttl.collections.targets import find_target
from arttl.collections.wording import counted
from arttl.errors import InputError
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
        differences: how the split differs from the row of Table 4 that the collection was cut as or is named
            like, in words; None for one that is neither.
    """

    challenge: str
    labels: pd.Series
    split: Split | None
    problem: str = ""
    differences: list[str] | None = None

    @property
    def tail(self):
        """A dict of TAIL's names to the number of classes with so many images."""
        counts = self.labels.value_counts()
        return {name: int(counts.between(low, high or len(self.labels)).sum()) for name, (low, high) in TAIL.items()}

    @property
    def left(self):
        """What the split leaves to train on, in words, and whether it leaves anything out."""
        images, classes = (0, 0) if self.split is None else (len(self.split.table), len(self.split.classes))
        of = self.labels.nunique()
        words = f"{classes:,} of {counted(of, 'class')} and {images:,} of {counted(len(self.labels), 'image')}"
        return words, classes < of

    @property
    def shares(self):
        """Images of each class in each part of the split: a DataFrame, largest class first; empty without a split."""
        if self.split is None:
            return pd.DataFrame(columns=PARTS)
        table = self.split.table
        counts = pd.crosstab(table.label, table.split).reindex(columns=PARTS, fill_value=0)
        return counts.loc[sorted(counts.index, key=lambda label: (-counts.loc[label].sum(), label))]

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
    labels = collection.labels(challenge)
    try:
        given = collection.given_split()
        split = make_split(labels, preset=preset, seed=seed, given=given, min_images=min_images, groups=together)
    except InputError as error:
        return ChallengeFacts(challenge, labels, None, str(error))
    cut = collection.made.get("cut", {})
    target = find_target(str(cut.get("target", collection.name)))
    return ChallengeFacts(challenge, labels, split, "", target and target.differences(split.table))


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
    """A row for each class that the split of a challenge leaves, with its images of each part: a list of Findings.

    Arguments:
        facts: ChallengeFacts.
    """
    return [
        Finding("class", facts.challenge, label, ", ".join(f"{count} {part}" for part, count in counts.items()))
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
