"""`python -m arttl cut`: a target set of Chapter 2 out of a download, as a folder that every script reads."""

from __future__ import annotations

from collections import Counter

from arttl.base.errors import InputError
from arttl.base.typed import typed
from arttl.base.wording import counted, shown, shown_path
from arttl.collections import Reading, cut_target
from arttl.collections.cut import challenge_of
from arttl.collections.cut_folder import write_cut
from arttl.collections.table import PARTS


def run_cut(options):
    """Do what `python -m arttl cut` was asked for: write the folder and say what it holds.

    Arguments:
        options: the namespace of arttl.cli.commands.

    Returns the exit code, 0.

    Raises InputError for data that cannot be read, too few classes or images, and a folder that cannot be written.
    """
    if options.split in ("challenge", "stratified"):
        raise InputError(f"--split {options.split} does not go with cut, which draws its own split; leave it out")
    challenge = challenge_of(options.target, options.challenge)
    collection = typed(Reading, options).open(challenge)
    cut = cut_target(
        collection,
        options.target,
        challenge=challenge,
        seed=options.seed,
        images=options.images,
        classes=options.classes,
        skip=options.skip,
    )
    written = write_cut(cut, options.to, options.data, copy=options.copy, progress=True)
    print("\n".join(_report(cut, challenge, options.to, written)))
    return 0


def _report(cut, challenge, folder, written):
    """What was cut, in lines."""
    given, labels = cut.table["given_split"], cut.table[challenge]
    parts = ", ".join(f"{int((given == part).sum()):,} {part}" for part in PARTS)
    classes = ", ".join(f"{shown(label)} {count:,}" for label, count in sorted(Counter(labels).items()))
    of = f"{counted(len(set(labels)), 'class')} of {shown(challenge)}"
    yield f"{cut.name}: {counted(len(cut), 'image')} ({parts}), {of}"
    yield from (f"  {note}" for note in cut.notes)
    yield f"  classes: {classes}"
    if not (written.links or written.copies):
        yield f"{shown_path(folder)} holds this cut already; nothing was written"
        return
    if written.links:
        links = counted(written.links, "hard link")
        yield f"{links} in {shown_path(folder)}; an image changed in place changes in both folders"
    if written.copies:
        why = f" (no hard links there: {shown(written.reason)})" if written.reason else ""
        yield f"{written.copies:,} {'copy' if written.copies == 1 else 'copies'} in {shown_path(folder)}{why}"
    yield f"no image was opened: python -m arttl check {shown_path(folder)} finds those that cannot be read"
