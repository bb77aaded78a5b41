"""Check a collection before training: what it holds, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from arttl.base.errors import InputError
from arttl.base.files import make_folder
from arttl.base.names import safe_name
from arttl.base.saying import in_words, say
from arttl.base.typed import typed
from arttl.check.findings import ATTENTION, Finding, write_findings
from arttl.check.grouping import duplicates_of, groups
from arttl.check.images import ImageFacts, preparing_seconds, read_images
from arttl.check.metadata import ChallengeFacts, challenge_facts, class_rows, metadata_findings
from arttl.check.report import report
from arttl.collections import Reading
from arttl.collections.table import Collection
from arttl.images.losses import LOSSES, REMEDY
from arttl.recipes import fine_tuning
from arttl.recipes.overrides import read_assignments

__all__ = ["Checked", "Finding", "check_collection", "run_check"]

OF_FILES = ("corrupt", *LOSSES)
"""Kinds of findings whose detail is a message; that of others can be somebody's label."""


@dataclass(frozen=True, eq=False)
class Checked:
    """A collection and what a check says about it.

    Arguments:
        collection: the Collection, read with skip_missing.
        facts: the ChallengeFacts of each challenge.
        findings: a list of Findings.
        images: ImageFacts, or None if no image was opened.
        preparing: seconds that decoding all images for training is expected to take at PREPARED; None likewise.
        reading: how training would read pictures, of arttl.images.Decoding.
    """

    collection: Collection
    facts: list[ChallengeFacts]
    findings: list[Finding] = field(default_factory=list)
    images: ImageFacts | None = None
    preparing: float | None = None
    reading: str = "load_img"

    @property
    def ready(self):
        """Whether training can start: no finding is of a kind that needs attention."""
        return not any(finding.kind in ATTENTION for finding in self.findings)


def run_check(options):
    """Do what `python -m arttl check` was asked for: print the report and write the CSV.

    Arguments:
        options: the namespace of arttl.cli.commands.

    Returns the exit code: 0 when training can start, 1 when something needs attention.

    Raises InputError for data that cannot be read as a collection, and if the CSV cannot be written.
    """
    reading = typed(Reading, options, skip_missing=True, skip_unreadable=True)
    recipe = fine_tuning(options.recipe).changed(reading.changes | read_assignments(options.set))
    asked = list(dict.fromkeys(options.challenge or ()))
    collection = reading.open(asked[0] if asked else None)
    checked = check_collection(
        collection,
        asked or collection.challenges,
        seed=options.split_seed,
        min_images=options.min_images,
        group_duplicates=options.group_duplicates,
        metadata_only=options.metadata_only,
        preset=recipe.split,
        reading=recipe.decoding,
        cache=options.cache,
    )
    findings = [
        each._replace(detail=in_words(each.detail)) if each.kind in OF_FILES else each for each in checked.findings
    ]
    path = options.report or make_folder(options.output, "output") / f"check-{safe_name(collection.name)}.csv"
    write_findings(path, [*findings, *(row for facts in checked.facts for row in class_rows(facts))])
    say(report(checked, path))
    if checked.ready:
        print(f"to train on it: {options.training(options, checked.facts[0].challenge)}")
    return 0 if checked.ready else 1


def check_collection(
    collection,
    challenges,
    *,
    seed=42,
    min_images=1,
    group_duplicates=False,
    metadata_only=False,
    workers=None,
    progress=True,
    preset="thesis",
    reading="load_img",
    cache=None,
):
    """Check a collection.

    Arguments:
        collection: a Collection, best read with skip_missing and skip_unreadable, so that all that is wrong is found.
        challenges: those of its challenges to look at.
        seed, min_images: of the split.
        group_duplicates: whether the split keeps duplicates together.
        metadata_only: open no image.
        workers: threads that decode; default one for each processor that this process may use.
        progress: tell on stderr how far it has come.
        preset, reading: the split preset and the decoding of the recipe that training would follow.
        cache: folder in which is kept what is found in each image; None keeps nothing.

    Returns Checked.

    Raises InputError for a challenge that the collection does not have, and where duplicates are to be kept together
    though no image is opened, or the split is given.
    """
    for challenge in challenges:
        collection.check_challenge(challenge)
    if group_duplicates and metadata_only:
        raise InputError("group_duplicates needs the images, which metadata_only leaves closed; leave one out")
    images = preparing = None
    if not metadata_only:
        paths = collection.paths()
        preparing = preparing_seconds(paths.values(), workers, collection.megapixels)
        how = {"workers": workers, "progress": progress, "megapixels": collection.megapixels}
        images = read_images(paths, cache=cache, **how)
    together = duplicates_of(images) if group_duplicates else ()
    facts = [challenge_facts(collection, challenge, seed, min_images, together, preset) for challenge in challenges]
    findings = metadata_findings(collection, facts)
    if images is not None:
        findings += [Finding("corrupt", item=item, detail=cause) for item, cause in images.bad.items()]
        findings += reading_findings(images, reading)
        findings += duplicate_findings(images, facts)
    return Checked(collection, facts, findings, images, preparing, reading)


def reading_findings(images, reading):
    """Findings about pictures that training would not see as they look: a list, one an image and kind of loss.

    Arguments:
        images: ImageFacts.
        reading: how training reads pictures; "upright" loses nothing.
    """
    lost = images.lost if reading == "load_img" else {}
    return [
        Finding(kind, item=item, detail=f"{LOSSES[kind]}; {REMEDY} mends it")
        for wanted in LOSSES
        for item, kinds in lost.items()
        for kind in kinds
        if kind == wanted
    ]


def duplicate_findings(images, facts):
    """Findings about pictures that occur more than once: in several parts of a split, or exactly under several labels.

    Arguments:
        images: ImageFacts.
        facts: list of ChallengeFacts.

    Returns a list of Findings, one an image.
    """
    named = [
        (kind, f"{kind}-{number}", detail, [images.image_ids[position] for position in group])
        for number, (kind, detail, group) in enumerate(groups(images), 1)
    ]
    findings = [Finding(kind, "", item, detail, name) for kind, name, detail, ids in named for item in ids]
    for each in facts:
        parts = {} if each.split is None else dict(zip(each.split.table.image_id, each.split.table.split, strict=True))
        for _, name, _, ids in named:
            found = {item: parts[item] for item in ids if item in parts}
            if len(set(found.values())) > 1:
                findings += [Finding("straddles", each.challenge, item, part, name) for item, part in found.items()]
        labels = each.labels.to_dict()
        for kind, name, _, ids in named:
            found = {item: labels[item] for item in ids if kind == "duplicate" and item in labels}
            if len(set(found.values())) > 1:
                findings += [Finding("two-labels", each.challenge, item, label, name) for item, label in found.items()]
    return findings
