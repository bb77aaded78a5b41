"""Pictures that occur more than once: the same file, the same pixels, or nearly the same picture.

Near duplicates are found as by pHash (C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions,
2010), and confirmed on a thumbnail, since prints and drawings on white paper have similar hashes easily.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from scipy.fft import dctn
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

DISTANCE = 6
"""Bits in which the hashes of near duplicates may differ, of 64."""

GRID = 16
ALIKE = 0.97
"""The correlation that the thumbnails of near duplicates must have; GRID is their side in pixels."""

FLAT = 3.0
"""Grey levels (of 255): a picture whose thumbnail has a smaller standard deviation is flat, and matches no other."""

BITS = 64
CHUNK = 1 << 22  # hash pairs compared at a time, which bounds the memory
MOST_EDGES = 1 << 22  # pairs kept before they are merged into groups


def perceptual_hash(grey):
    """pHash: which of the 64 lowest frequencies of a picture are above their median.

    Arguments:
        grey: float (64, 64), of any unit.

    Returns a uint64.
    """
    lowest = dctn(_shrunk(grey, 32), norm="ortho")[:8, :8].ravel()
    return np.packbits(lowest > np.median(lowest)).view(">u8")[0].astype(np.uint64)


def thumbnail(grey):
    """A picture's GRID x GRID means with mean 0 and length 1, so that a product of two is their correlation.

    Arguments:
        grey: float (64, 64), from 0 to 255.

    Returns (float array (GRID * GRID,), whether the picture is flat).
    """
    small = _shrunk(grey, GRID).ravel()
    small = small - small.mean()
    return small / (np.linalg.norm(small) or 1.0), bool(small.std() < FLAT)


def _shrunk(grey, side):
    block = len(grey) // side
    return grey.reshape(side, block, side, block).mean((1, 3))


def same(keys):
    """Groups of positions with equal keys: a list of sorted lists of two or more, in the order of their first."""
    positions = defaultdict(list)
    for position, key in enumerate(keys):
        positions[key].append(position)
    return [group for group in positions.values() if len(group) > 1]


def near(hashes, thumbnails, flat):
    """Groups of nearly the same picture: every two that are alike, and what they are alike with in turn.

    Arguments:
        hashes: uint64 (n,), of perceptual_hash.
        thumbnails, flat: float (n, GRID * GRID) and boolean (n,), of thumbnail.

    Returns a list of sorted lists of positions, in the order of their first.
    """
    rows = np.flatnonzero(~np.asarray(flat))
    edges, waiting = np.empty((0, 2), np.int64), []
    for first, second in near_pairs(hashes[rows], DISTANCE):
        first, second = rows[first], rows[second]
        alike = _correlations(thumbnails, first, second) >= ALIKE
        waiting.append(np.stack([first[alike], second[alike]], 1))
        if sum(map(len, waiting)) > MOST_EDGES:
            edges, waiting = _merged(np.concatenate([edges, *waiting]), len(hashes)), []
    edges = _merged(np.concatenate([edges, *waiting]), len(hashes))
    return _grouped(edges)


def near_pairs(hashes, distance):
    """The pairs of hashes that differ in at most so many bits, without comparing all with all.

    Of distance + 1 bands of bits, at least one is equal in two such hashes, so only those with an equal band are
    compared.

    Arguments:
        hashes: uint64 (n,).
        distance: bits, from 0 to 63.

    Yields (first, second), int64 arrays of positions with first != second; each pair occurs once in all.
    """
    hashes, earlier = np.asarray(hashes, np.uint64), []
    if not len(hashes):
        return
    for mask in _bands(distance + 1):
        order = np.argsort(hashes & mask, kind="stable")
        banded = (hashes & mask)[order]
        starts = np.flatnonzero(np.r_[True, banded[1:] != banded[:-1]])
        ends = np.r_[starts[1:], len(banded)]
        for first, second in _pairs_in_blocks(starts, ends):
            first, second = order[first], order[second]
            different = hashes[first] ^ hashes[second]
            wanted = np.bitwise_count(different) <= distance
            for other in earlier:  # where an earlier band was equal too, the pair has been found already
                wanted &= (different & other) != 0
            if wanted.any():
                yield first[wanted], second[wanted]
        earlier.append(mask)


def _bands(number):
    """Masks that share the bits out among so many bands."""
    for bits in np.array_split(np.arange(BITS, dtype=np.uint64), number):
        yield np.bitwise_or.reduce(np.uint64(1) << bits)


def _pairs_in_blocks(starts, ends):
    """Every two positions of one block, CHUNK at a time: each position is paired with those after it in its block."""
    lengths = np.repeat(ends - starts, ends - starts)
    position = np.arange(len(lengths))
    partners = np.repeat(ends, ends - starts) - position - 1
    position, partners = position[partners > 0], partners[partners > 0]
    total = np.cumsum(partners)
    begin = 0
    while begin < len(position):
        done = total[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, done + CHUNK, side="right")))
        first = np.repeat(position[begin:end], partners[begin:end])
        offset = np.arange(len(first)) - np.repeat(total[begin:end] - partners[begin:end] - done, partners[begin:end])
        yield first, first + 1 + offset
        begin = end


def _correlations(thumbnails, first, second, most=1 << 16):
    found = [np.empty(0)]
    for start in range(0, len(first), most):
        one = thumbnails[first[start : start + most]].astype(np.float32)
        found.append(np.einsum("ij,ij->i", one, thumbnails[second[start : start + most]].astype(np.float32)))
    return np.concatenate(found)


def _merged(edges, count):
    """The same groups with as few edges as it takes: one from each member to its group's first."""
    graph = coo_matrix((np.ones(len(edges), bool), (edges[:, 0], edges[:, 1])), (count, count))
    labels = connected_components(graph, directed=False)[1]
    _, first = np.unique(labels, return_index=True)
    to_first = np.stack([first[labels], np.arange(count)], 1)
    return to_first[to_first[:, 0] != to_first[:, 1]]


def _grouped(edges):
    groups = defaultdict(list)
    for first, member in edges.tolist():
        groups[first].append(member)
    return [[first, *groups[first]] for first in sorted(groups)]
