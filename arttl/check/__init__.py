"""Check a collection before training: what it holds, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from arttl.check.duplicates import near, same
from arttl.check.findings import ATTENTION, Finding, write_findings
from arttl.check.images import ImageFacts, preparing_seconds, read_images
from arttl.check.metadata import ChallengeFacts, challenge_facts, metadata_findings
from arttl.check.report import report
from arttl.collections import open_collection, reading_options
from arttl.collections.table import Collection
from arttl.splits import safe_name

__all__ = ["Checked", "Finding", "check_collection", "run_check"]


@dataclass(frozen=True, eq=False)
class Checked:
    """A collection and what a check says about it.

    Arguments:
        collection: the Collection, read with skip_missing.
        facts: the ChallengeFacts of each challenge.
        findings: a list of Findings.
        images: ImageFacts, or None if no image was opened.
        preparing: seconds that decoding all images for training is expected to take; None likewise.
    """

    collection: Collection
    facts: list[ChallengeFacts]
    findings: list[Finding] = field(default_factory=list)
    images: ImageFacts | None = None
    preparing: float | None = None

    @property
    def ready(self):
        """Whether training can start: no finding is of a kind that needs attention."""
        return not any(finding.kind in ATTENTION for finding in self.findings)


def run_check(options):
    """Do what `python -m arttl check` was asked for: print the report and write the CSV.

    Arguments:
        options: the namespace of arttl.__main__.

    Returns the exit code: 0 when training can start, 1 when something needs attention.

    Raises InputError for data that cannot be read as a collection, and if the CSV cannot be written.
    """
    asked = list(dict.fromkeys(options.challenge or ()))
    collection = open_collection(
        options.data,
        asked[0] if asked else None,
        skip_missing=True,
        **reading_options(options),
    )
    checked = check_collection(
        collection, asked or collection.challenges, seed=options.split_seed, metadata_only=options.metadata_only
    )
    path = options.report or Path(f"check-{safe_name(collection.name)}.csv")
    write_findings(path, checked.findings)
    print(report(checked, path))
    return 0 if checked.ready else 1


def check_collection(collection, challenges, *, seed=42, metadata_only=False, workers=None, progress=True):
    """Check a collection.

    Arguments:
        collection: a Collection, best read with skip_missing, so that all missing images are found.
        challenges: those of its challenges to look at.
        seed: of the split.
        metadata_only: open no image.
        workers: threads that decode; default one for each processor that this process may use.
        progress: show a bar on stderr.

    Returns Checked.

    Raises InputError for a challenge that the collection does not have.
    """
    for challenge in challenges:
        collection.check_challenge(challenge)
    facts = [challenge_facts(collection, challenge, seed) for challenge in challenges]
    findings = metadata_findings(collection, facts)
    if metadata_only:
        return Checked(collection, facts, findings)
    paths = collection.paths()
    preparing = preparing_seconds(paths.values(), workers)
    images = read_images(paths, workers=workers, progress=progress)
    findings += [Finding("corrupt", item=item, detail=cause) for item, cause in images.bad.items()]
    findings += duplicate_findings(images, facts)
    return Checked(collection, facts, findings, images, preparing)


def duplicate_findings(images, facts):
    """Findings about pictures that occur more than once, and about those that would be in several parts of a split.

    Arguments:
        images: ImageFacts.
        facts: list of ChallengeFacts.

    Returns a list of Findings, one an image.
    """
    groups = []
    for number, (kind, detail, group) in enumerate(_groups(images), 1):
        groups.append((kind, f"{kind}-{number}", detail, [images.image_ids[position] for position in group]))
    findings = [Finding(kind, "", item, detail, name) for kind, name, detail, ids in groups for item in ids]
    for each in facts:
        parts = {} if each.split is None else dict(zip(each.split.table.image_id, each.split.table.split, strict=True))
        for _, name, _, ids in groups:
            found = {item: parts[item] for item in ids if item in parts}
            if len(set(found.values())) > 1:
                findings += [Finding("straddles", each.challenge, item, part, name) for item, part in found.items()]
    return findings


def _groups(images):
    """(kind, detail, positions) of each group: same file, else same pixels, and near duplicates with their copies."""
    for group in same(images.files):
        yield "duplicate", "same file", group
    # Flat pictures are alike at 64 pixels whatever they show; only equal files tell that they are the same.
    pixels = [
        position if flat else key for position, (key, flat) in enumerate(zip(images.pixels, images.flat, strict=True))
    ]
    copies = same(pixels)
    for group in copies:
        if len({images.files[position] for position in group}) > 1:
            yield "duplicate", "same pixels at 64 x 64", group
    copies_of = {group[0]: group for group in copies}
    others = {position for group in copies for position in group[1:]}
    alone = [position for position in range(len(pixels)) if position not in others]
    for group in near(images.hashes[alone], images.thumbnails[alone], images.flat[alone]):
        members = [member for row in group for member in copies_of.get(alone[row], [alone[row]])]
        yield "near-duplicate", "nearly the same picture", sorted(members)
