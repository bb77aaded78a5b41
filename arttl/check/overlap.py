"""How many classes two collections share (thesis, Table 1, last column), as written and however written."""

from __future__ import annotations

from arttl.base.errors import InputError
from arttl.check.metadata import plain_label
from arttl.collections import open_collection
from arttl.splits import overlap


def run_overlap(options):
    """Do what `python -m arttl overlap` was asked for: print the overlap of each challenge that both have.

    Arguments:
        options: the namespace of arttl.cli.commands.

    Returns the exit code, 0.

    Raises InputError for data that cannot be read as a collection, and if there is no challenge that both have.
    """
    asked = list(dict.fromkeys(options.challenge or ()))
    source, target = (
        open_collection(
            data,
            asked[0] if asked else None,
            skip_missing=True,
            skip_unreadable=True,
            follow_links=options.follow_links,
            image_column=options.image_column,
            label_column=options.label_column,
            format=options.format,
            unknown_labels=options.unknown_labels,
        )
        for data in (options.source, options.target)
    )
    challenges = asked or [name for name in target.challenges if name in source.challenges]
    if not challenges:
        raise InputError(f"{source.name} and {target.name} have no challenge in common; name two others")
    for challenge in challenges:
        print(overlap_line(challenge, source.labels(challenge), target.labels(challenge)))
    return 0


def overlap_line(challenge, source, target):
    """The overlap of two collections' labels in one line: exact, and without case, accents and needless blanks.

    Arguments:
        challenge: its name.
        source, target: str Series of labels; the share is that of the target's classes.
    """
    source, target = set(source), set(target)
    if not target:
        return f"{challenge}: the target has no labels"
    alike = {plain_label(label) for label in source}
    found = sum(plain_label(label) in alike for label in target)
    return (
        f"{challenge}: {overlap(source, target):.1%} of the target's classes ({len(source & target):,} of "
        f"{len(target):,}); {found / len(target):.1%} ({found:,}) without regard to case, blanks and accents"
    )
