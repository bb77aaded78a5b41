"""A check's report, one screen long."""

from __future__ import annotations

from collections import defaultdict

from arttl.base.assumed import TFLOPS
from arttl.base.wording import bytes_text, counted, duration_text, first_few, shown, shown_path
from arttl.base.workers import processors
from arttl.check.costs import estimates
from arttl.check.images import PREPARED, SAMPLE
from arttl.collections.table import PARTS
from arttl.images.losses import loss_line
from arttl.published.chapter1 import APPROACH_TITLES

SHOWN_NOTES = 6
SHOWN_CLASSES = 6
SHOWN_ROWS = 12  # classes that have a line of their own
FEW_TESTS = 50  # images: with fewer, one is more than two points of accuracy


def report(checked, path):
    """A Checked in words: a str of several lines.

    Arguments:
        checked: what check_collection returned.
        path: its CSV, which the report names.
    """
    lines = [f"{shown(checked.collection.name)}: {counted(len(checked.collection), 'image')}"]
    lines += [f"  {note}" for note in checked.collection.notes[:SHOWN_NOTES]]
    for facts in checked.facts:
        lines += ["", *_challenge_lines(facts)]
    lines += ["", *_finding_lines(checked)]
    if checked.images is None:
        lines.append("no image was opened: corrupt files and duplicates were not looked for")
    lines += ["", _cost(checked)]
    lines.append(f"{_verdict(checked)}; {counted(len(checked.findings), 'finding')} in {shown_path(path)}")
    return "\n".join(lines)


def _verdict(checked):
    """Whether training can start, and with what where the split leaves classes out."""
    left = [f"{facts.left[0]} of {shown(facts.challenge)}" for facts in checked.facts if facts.split and facts.left[1]]
    words = f"the split leaves classes out: {', '.join(left)} are left to train on" if left else ""
    if checked.ready:
        return words or "training can start"
    return f"something needs attention before training{f'; {words}' if words else ''}"


def _challenge_lines(facts):
    """Table 1's row of a challenge before and after the split filter, and its long tail."""
    labels = facts.labels
    tail = ", ".join(f"{name}: {number:,}" for name, number in facts.tail.items())
    lines = [f"{shown(facts.challenge)}: {len(labels):,} images with a label, {labels.nunique():,} classes"]
    for collection, images, classes in facts.published:
        lines.append(f"  Table 1, {collection}: N_t {images:,}, Q_t {classes:,}")
    lines.append(f"  classes by their number of images: {tail}")
    if facts.split is None:
        return [*lines, f"  cannot be split: {facts.problem}", *_offer(facts), *_class_lines(facts)]
    parts = ", ".join(f"{len(facts.split.ids(part)):,} {part}" for part in ("train", "validation", "test"))
    kept = facts.split
    lines.append(f"  after the split filter: N_t {len(kept.table):,}, Q_t {len(kept.classes):,} ({parts})")
    tests = len(kept.ids("test"))
    if tests < FEW_TESTS:
        lines.append(
            f"  few to test on: each of {counted(tests, 'test image')} is {100 / tests:.1f} points of accuracy"
        )
    lines += _class_lines(facts)
    if kept.dropped:
        largest = sorted(kept.dropped.items(), key=lambda item: (-item[1], item[0]))
        dropped = first_few((f"{shown(label)} {count:,}" for label, count in largest), SHOWN_CLASSES)
        lines += [f"  left out ({kept.reason}): {dropped}", *_offer(facts)]
    lines += _training(facts)
    if facts.differences:
        lines.append(f"  unlike Table 4: {'; '.join(facts.differences)}")
    elif facts.differences is not None:
        lines.append("  as in Table 4")
    return lines


def _class_lines(facts):
    """The largest classes, a line each: 'drawing 20 = 16 train + 2 validation + 2 test'."""
    shares = facts.shares
    for label, row in shares[:SHOWN_ROWS].iterrows():
        parts = " = " + " + ".join(f"{row[part]:,} {part}" for part in PARTS) if facts.drawn else ""
        left_out = "" if label in facts.learned else ", left out"
        yield f"    {shown(label)} {row['images']:,}{parts}{left_out}"
    if len(shares) > SHOWN_ROWS:
        yield f"    and {counted(len(shares) - SHOWN_ROWS, 'class')} more, all in the table of findings"


def _offer(facts):
    """What a stratified split would keep, where it keeps more classes; a list of lines."""
    if facts.stratified is None:
        return []
    kept = facts.kept_by(facts.stratified)
    return [f"  split=stratified draws each class for itself and keeps {kept} (not as the studies did)"]


def _training(facts):
    """What training takes, in a line; a list."""
    if facts.split is None:
        return []
    found = estimates(facts.split)
    each = ", ".join(
        f"{APPROACH_TITLES[one.approach]} {duration_text(one.seconds)} ({duration_text(one.gpu_seconds)} on a GPU of "
        f"{TFLOPS} TFLOPS) and {bytes_text(one.disk)}"
        for one in found
    )
    return [
        f"  training, an estimate by steps measured elsewhere, {found[0].epochs} epochs of ResNet50 on "
        f"{counted(processors(), 'processor')}: {each}"
    ]


def _finding_lines(checked):
    by_kind = defaultdict(list)
    for finding in checked.findings:
        by_kind[finding.kind].append(finding)
    lines = [
        f"missing images: {_items(by_kind['missing'])}",
        f"files without a row: {_items(by_kind['without-row'])}",
        f"label variants: {_variants(by_kind['label-variant'])}",
    ]
    if by_kind["unreadable"]:
        lines.insert(
            0, f"folders that cannot be read: {_items(by_kind['unreadable'])} (skip_unreadable=True passes them over)"
        )
    if by_kind["not-read"]:
        lines.append(f"pictures that are not read: {_items(by_kind['not-read'])}; convert them to JPEG or PNG")
    if checked.images is None:
        return lines
    causes = [f"{shown(each.item)} ({shown_path(each.detail)})" for each in by_kind["corrupt"]]
    more = f" and {len(causes) - 2:,} more" if len(causes) > 2 else ""
    lines.append(f"corrupt images: {len(causes):,}{': ' if causes else ''}{', '.join(causes[:2])}{more}")
    losses = loss_line(checked.images.lost.values(), len(checked.collection)) if checked.reading == "load_img" else ""
    lines += [losses] if losses else []
    for kind, words in (("duplicate", "exact duplicates"), ("near-duplicate", "near duplicates")):
        straddling = [each for each in by_kind["straddles"] if each.group.startswith(f"{kind}-")]
        remedy = "" if _given(checked) else " (group_duplicates=True keeps each in one)"
        lines.append(f"{words}: {_groups(by_kind[kind])}{_straddling(straddling, remedy)}")
    lines += [f"one picture under several labels: {line}" for line in _two_labels(by_kind["two-labels"])]
    return lines


def _items(findings):
    return f"{len(findings):,}{': ' if findings else ''}{first_few(each.item for each in findings)}"


def _variants(findings):
    """'2 labels are written in several ways: ...', with the first groups."""
    groups = defaultdict(list)
    for each in findings:
        groups[each.challenge, each.group].append(f"'{shown(each.item)}' ({each.detail.split()[0]})")
    written = [" = ".join(group) for group in groups.values()]
    return f"{len(groups):,}{': ' if groups else ''}{'; '.join(written[:2])}{' ...' if len(written) > 2 else ''}"


def _groups(findings):
    groups = len({each.group for each in findings})
    return f"{counted(groups, 'group')} of {counted(len(findings), 'image')}" if groups else "none"


def _two_labels(findings):
    """'type 12 groups, such as 'a.jpg' (x) = 'b.jpg' (y); ...', for each challenge."""
    challenges = defaultdict(lambda: defaultdict(list))
    for each in findings:
        challenges[each.challenge][each.group].append(f"{shown(each.item)} ('{shown(each.detail)}')")
    for challenge, groups in challenges.items():
        first = " = ".join(next(iter(groups.values()))[:2])
        remedy = "keep one, or make the labels one"
        yield f"{shown(challenge)} {counted(len(groups), 'group')}, such as {first}; {remedy}"


def _given(checked):
    """Whether the split came with the data, so that no other can be drawn."""
    return any(facts.split is not None and facts.split.settings["given"] for facts in checked.facts)


def _straddling(findings, remedy):
    """', 3 straddle the splits of type and 2 those of artist', counted in groups, and what can be done about it."""
    groups = defaultdict(set)
    for each in findings:
        groups[each.challenge].add(each.group)
    if not groups:
        return ""
    counts = ", ".join(f"{shown(challenge)} {len(found):,}" for challenge, found in groups.items())
    return f"; groups that straddle train, validation and test: {counts}{remedy}"


def _cost(checked):
    """What preparing for training takes."""
    sizes = [decoding.size for decoding in PREPARED]
    stores = [
        f"{bytes_text(len(checked.collection) * height * width * 3)} at {height} pixels" for height, width in sizes
    ]
    cost = f"python -m arttl prepare takes {' and '.join(stores)}"
    if checked.preparing is None:
        return cost
    return (
        f"{cost}, and about {duration_text(checked.preparing)} (extrapolated from up to {SAMPLE} images decoded "
        "just now; a slower disk takes longer)"
    )
