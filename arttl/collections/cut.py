"""The target sets of Chapter 2 that come from WikiArt and OmniArt, cut out of a download by a rule and a seed.

Source: thesis, Table 4, for the sizes. The thesis does not say which classes and images were chosen: the rule is this
project's own, so these sets are like the thesis' and not the same; see docs/data.md.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from arttl.base.errors import InputError
from arttl.base.wording import counted, first_few, shown
from arttl.collections.table import MISSING_LABELS, PARTS, Collection, labels_fingerprint
from arttl.collections.targets import Target, find_target

RULE = "1"
"""The version of the rule, in a cut's settings; another rule takes another number."""

FEWEST = 20
"""Images that a label needs to be a class: then each class has about two for validation and two for test."""

SKIP = {"Artist-Classification-1": 0, "Type-Classification": 0, "Artist-Classification-2": 20}
"""The targets that can be cut, and how many of the largest classes each passes over.

Artist-Classification-2 passes over those of Artist-Classification-1, so that the two have no artist in common.
"""

NAMELESS = frozenset(
    {"anoniem", "anonymous", "n a", "no artist", "none", "unidentified", "unknown", "unknown artist", "unknown genre"}
)
"""Labels that never become classes, whatever counts as unknown elsewhere; compared as _plain makes them."""


@dataclass(frozen=True)
class Plan:
    """What to cut: a row of Table 4, or a smaller one.

    Arguments:
        target: the Target.
        challenge: whose labels the classes are.
        classes: how many.
        sizes: images of train, validation and test.
        skip: how many of the largest classes are passed over.
        seed: of the draw.
    """

    target: Target
    challenge: str
    classes: int
    sizes: tuple[int, int, int]
    skip: int
    seed: int

    @property
    def images(self):
        """Number of images."""
        return sum(self.sizes)

    @property
    def smaller(self):
        """What is not as in Table 4, or not the rule's: a dict, empty by default."""
        usual = {"classes": self.target.classes, "images": self.target.images, "skip": SKIP[self.target.name]}
        return {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}


def cut_target(collection, target, *, challenge=None, seed=42, images=None, classes=None, skip=None):
    """Cut a target set of Chapter 2 out of a collection.

    Labels with at least FEWEST images are ranked by their number of images, ties by label. The target takes the first
    of them, Artist-Classification-2 those after the first 20. Its images are shared out among them as evenly as they
    permit, drawn from each class at random, and split with stratification into exactly Table 4's sizes.

    Arguments:
        collection: a Collection, such as that of a WikiArt or OmniArt download; the order of its rows plays no part,
            nor does a given split.
        target: "Artist-Classification-1", "Type-Classification" or "Artist-Classification-2", or its Target.
        challenge: whose labels the classes are; None for "type" with Type-Classification and else "artist".
        seed: of the draw, from 0 to 2**32 - 1.
        images, classes: a smaller cut than Table 4's, recorded in the settings; None for Table 4's. An `images` that
            is not Table 4's is split into a tenth each, rounded up, for validation and test, and the rest for train.
        skip: how many of the largest classes are passed over, recorded if it is not the rule's; None for the rule's.

    Returns a Collection named like the target, with the one challenge, a given split, and how it was cut in `made`.

    Raises InputError for another target, a seed or size out of range, a challenge that the collection does not have,
    and if it has too few classes or images.

    Source: thesis, Table 4, for the sizes; the rule is this project's own.
    """
    plan = _plan(target, challenge, seed, images, classes, skip)
    labels = collection.labels(plan.challenge).sort_index()
    ranked = rank_classes(labels)
    chosen = ranked.iloc[plan.skip : plan.skip + plan.classes]
    _check_enough(collection, plan, ranked, chosen)
    ids_of = defaultdict(list)  # pandas' == overlooks labels with a zero byte
    for image_id, label in labels.items():
        ids_of[label].append(image_id)
    ranks = {}
    shares = share_out(chosen.tolist(), plan.images)
    for rank, (label, share) in enumerate(zip(chosen.index, shares, strict=True), plan.skip + 1):
        ranks |= dict.fromkeys(_draw(ids_of[label], share, plan, rank), rank)
    parts = _split(pd.Series(ranks).sort_index(), plan)
    table = collection.table[collection.table.image_id.isin(parts.index)].sort_values("image_id", ignore_index=True)
    return Collection(
        plan.target.name,
        table.assign(given_split=table.image_id.map(parts)),
        (plan.challenge,),
        _notes(collection, plan, labels),
        collection.unknown_labels,
        made={"cut": _made(collection, plan, labels)},
    )


def challenge_of(target, challenge=None):
    """The challenge that a target is cut by: the one asked for, else the thesis' ("type" or "artist").

    Raises InputError for a target that is not cut.
    """
    return challenge or ("type" if _find(target).name.startswith("Type") else "artist")


def rank_classes(labels):
    """The labels that can be classes, largest first, ties by label.

    Arguments:
        labels: str Series of labels.

    Returns an int Series of their numbers of images, indexed by label; those of fewer than FEWEST images and those
    that name nobody (NAMELESS) are left out.
    """
    ranked = sorted(labels.value_counts().items(), key=lambda item: (-item[1], item[0]))
    kept = {label: int(count) for label, count in ranked if count >= FEWEST and not _is_nameless(label)}
    return pd.Series(kept, dtype=int)


def share_out(available, total):
    """Share a number of images out among classes as evenly as their sizes permit.

    Every class gives the same number, or all that it has if that is less; what is left over goes, one each, to the
    first classes that have more.

    Arguments:
        available: images of each class, list of int.
        total: how many are wanted.

    Returns a list of int, whose sum is `total`.

    Raises ValueError if there are fewer.
    """
    if not 0 <= total <= sum(available):
        raise ValueError(f"cannot share {total} out of {sum(available)}")
    levels = range(max(available, default=0) + 1)
    level = bisect_right(levels, total, key=lambda level: sum(min(size, level) for size in available)) - 1
    shares = [min(size, level) for size in available]
    more = [number for number, size in enumerate(available) if size > level][: total - sum(shares)]
    return [share + (number in more) for number, share in enumerate(shares)]


def _plan(target, challenge, seed, images, classes, skip):
    """The Plan of cut_target's arguments."""
    found = _find(target)
    classes = found.classes if classes is None else classes
    images = found.images if images is None else images
    skip = SKIP[found.name] if skip is None else skip
    if not 2 <= classes <= found.classes:
        raise InputError(f"classes={classes} is out of range; {found.name} has 2 to {found.classes} (Table 4)")
    if not FEWEST * classes <= images <= found.images:
        raise InputError(
            f"images={images} is out of range; {found.name} with {classes} classes has {FEWEST * classes:,} "
            f"({FEWEST} a class) to {found.images:,} (Table 4)"
        )
    if skip < 0:
        raise InputError(f"skip={skip} is out of range; give a whole number from 0")
    if not 0 <= seed < 2**32:
        raise InputError(f"seed={seed} is out of range; give a whole number from 0 to {2**32 - 1}")
    return Plan(found, challenge_of(found, challenge), classes, _sizes(found, images), skip, seed)


def _find(target):
    """The Target, or that of a name; InputError for one that is not cut."""
    found = target if isinstance(target, Target) else find_target(str(target))
    if found is None or found.name not in SKIP:
        raise InputError(
            f"target={shown(getattr(target, 'name', target))} is not cut from WikiArt or OmniArt; "
            f"choose one of {', '.join(SKIP)}"
        )
    return found


def _sizes(target, images):
    if images == target.images:
        return target.sizes
    tenth = -(-images // 10)
    return (images - 2 * tenth, tenth, tenth)


def _check_enough(collection, plan, ranked, chosen):
    where, what = shown(collection.name), shown(plan.challenge)
    if len(chosen) < plan.classes:
        after = f" after the first {plan.skip}" if plan.skip else ""
        left = len(chosen)
        smaller = f"cut fewer (classes={left}{' or another skip=' if plan.skip else ''})"
        raise InputError(
            f"{where} has {counted(len(ranked), 'class')} of {what} with at least {FEWEST} images, and "
            f"{plan.target.name} takes {plan.classes}{after}; name another challenge= or another download"
            + (f", or {smaller}" if left >= 2 else ", or another skip=" if plan.skip else "")
        )
    if chosen.sum() < plan.images:
        raise InputError(
            f"the {plan.classes} classes of {what} that {plan.target.name} takes from {where} hold "
            f"{chosen.sum():,} images, and it needs {plan.images:,}; name another challenge= or another download, "
            f"or cut a smaller one (images={chosen.sum()})"
        )


def _draw(image_ids, share, plan, rank):
    """`share` of a class' sorted images, whatever the other classes are."""
    random = np.random.default_rng([plan.seed, zlib.crc32(plan.target.name.encode()), rank])
    return random.choice(np.array(image_ids, dtype=object), share, replace=False)


def _split(ranks, plan):
    """The part of each image, a str Series, from its class' rank: stratified, so that every class is in every part."""
    from sklearn.model_selection import train_test_split  # slow to import, and seldom wanted

    train, validation, test = plan.sizes
    _, held_out = train_test_split(
        ranks, train_size=train, test_size=validation + test, stratify=ranks, random_state=plan.seed
    )
    halves = train_test_split(
        held_out, train_size=validation, test_size=test, stratify=held_out, random_state=plan.seed
    )
    parts = pd.Series(PARTS[0], index=ranks.index)
    for part, half in zip(PARTS[1:], halves, strict=True):
        parts.loc[half.index] = part
    return parts


def _made(collection, plan, labels):
    """What a run's settings say of a cut."""
    return {
        "target": plan.target.name,
        "from": collection.name,
        "from_fingerprint": labels_fingerprint(labels),
        "challenge": plan.challenge,
        "seed": plan.seed,
        "rule": RULE,
        **plan.smaller,
        **(
            {} if collection.unknown_labels == MISSING_LABELS else {"unknown_labels": sorted(collection.unknown_labels)}
        ),
    }


def _notes(collection, plan, labels):
    notes = [
        f"cut from {shown(collection.name)} by rule {RULE} of docs/data.md with seed {plan.seed}: the thesis does not "
        "say which classes and images it took"
    ]
    if plan.smaller:
        changed = ", ".join(f"{name} {value:,}" for name, value in plan.smaller.items())
        notes.append(f"not as in Table 4, or not by the rule: {changed}")
    nameless = [label for label in set(labels) if _is_nameless(label)]
    if nameless:
        images = counted(int(labels.isin(nameless).sum()), "image")
        notes.append(f"{images} passed over, whose {shown(plan.challenge)} names nobody: {first_few(sorted(nameless))}")
    if "given_split" in collection.table:
        notes.append(f"the split that {shown(collection.name)} comes with plays no part")
    return tuple(notes)


def _is_nameless(label):
    return re.sub(r"[\W_]+", " ", label).strip().casefold() in NAMELESS
