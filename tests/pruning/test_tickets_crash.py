"""Files of tickets survive killed writers, full disks and damage: right rounds or a clear error, never wrong data."""

import random
import signal
import time

import forked
import h5py
import numpy as np
import pytest
import ticket_search

from arttl.base.errors import InputError
from arttl.pruning import TicketFile, load_ticket, open_tickets, ticket_layout


@pytest.fixture(scope="module")
def processes():
    return forked.processes()  # Keras is imported once, not for every writer


@pytest.fixture
def go_on(processes, path):
    """Start a writer that adds rounds to the file up to a number; returns the process once it is about to."""

    def start(rounds):
        here, there = processes.Pipe()
        writer = processes.Process(target=ticket_search.go_on, args=(path, rounds, there))
        writer.start()
        assert here.poll(600), "the writer does not begin"
        return writer

    return start


@pytest.fixture
def path(tmp_path):
    """A file with two rounds, alone in its folder."""
    path = tmp_path / "tickets" / "search.h5"
    path.parent.mkdir()
    file = ticket_search.begin(path)
    ticket_search.add(file)
    ticket_search.add(file)
    return path


def end(process):
    process.join(600)
    assert process.exitcode is not None, "the writer hangs"
    return process.exitcode


@pytest.mark.slow
def test_writer_killed_before_each_write_leaves_the_file_as_it_was(processes, path):
    before, write = path.read_bytes(), 1
    while True:
        writer = processes.Process(target=ticket_search.go_on_and_die, args=(path, write))
        writer.start()
        if end(writer) != -signal.SIGKILL:
            break
        assert path.read_bytes() == before
        write += 1
    assert write > 5  # it was killed at several moments, and then there were no more writes
    assert open_tickets(path).rounds == 3
    for number in (1, 2, 3):
        ticket_search.check(path, number)


@pytest.mark.slow
def test_writers_killed_at_random_lose_nothing_and_a_search_goes_on(go_on, path):
    moments, seen = random.Random(5), [2]
    while len(seen) < 16 or (len(set(seen)) < 4 and len(seen) < 160):  # a writer may get little of a busy machine
        writer = go_on(254)
        time.sleep(moments.uniform(0, 0.1))
        writer.kill()
        end(writer)
        rounds = open_tickets(path).rounds
        assert rounds >= seen[-1]
        for number in {1, seen[-1], rounds}:
            ticket_search.check(path, number)
        seen.append(rounds)
    assert len(set(seen)) > 3  # it was killed while it added rounds
    ticket_search.add(TicketFile(path))
    ticket_search.check(path, seen[-1] + 1)
    assert [file.name for file in path.parent.iterdir()] == ["search.h5"]  # what the killed ones left is gone


def test_reader_beside_a_writer_sees_whole_rounds_only(go_on, path):
    early, seen = open_tickets(path), [2]
    writer = go_on(25)
    while seen[-1] < 25:
        rounds = open_tickets(path).rounds
        assert rounds >= seen[-1]
        ticket_search.check(path, rounds)
        seen.append(rounds)
        assert writer.is_alive() or open_tickets(path).rounds == 25
    assert end(writer) == 0
    assert len(set(seen)) > 3
    assert early.rounds == 2  # as of opening, and still readable
    np.testing.assert_array_equal(early.read_masks(2)["conv/kernel"], ticket_search.masks(2)["conv/kernel"])


def test_file_replaced_by_a_larger_one_while_it_is_opened(path, monkeypatch):
    plain, writer = ticket_layout.open_regular, TicketFile(path)

    def open_and_be_overtaken(name):
        monkeypatch.setattr(ticket_layout, "open_regular", plain)
        file = plain(name)
        writer.add_round(ticket_search.masks(3), None, {"note": "long " * 100_000})
        return file

    early = open_tickets(path)
    monkeypatch.setattr(ticket_layout, "open_regular", open_and_be_overtaken)
    np.testing.assert_array_equal(early.read_weights()["conv/kernel"], ticket_search.weights(0)["conv/kernel"])
    assert open_tickets(path).rounds == 3


def test_full_disk_is_an_error_and_the_rounds_before_stay(processes, path):
    size = path.stat().st_size
    limits = [0, 1, 100, 2048, 5000, *range(10_000, size, 20_000)]
    here, there = processes.Pipe()
    writer = processes.Process(target=ticket_search.go_on_on_a_full_disk, args=(path, limits, there))
    writer.start()
    before = path.read_bytes()
    for _ in limits:
        assert here.poll(600)
        assert "cannot be written (File too large); make room" in here.recv()
    assert end(writer) == 0
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["search.h5"]
    ticket_search.check(path, 2)


def right_or_refused(path):
    """True when both rounds are as they were put in, False when the file is refused in one line that names it."""
    try:
        assert open_tickets(path).rounds == 2
        ticket_search.check(path, 1)
        ticket_search.check(path, 2)
    except InputError as error:
        message = str(error)
    else:
        return True
    assert str(path) in message
    assert "\n" not in message
    return False


def test_file_cut_off_anywhere_is_refused(path):
    content = path.read_bytes()
    for length in [*range(0, 3000, 97), *range(3000, len(content), len(content) // 40), len(content) - 1]:
        path.write_bytes(content[:length])
        assert not right_or_refused(path), length
    path.write_bytes(content)
    assert right_or_refused(path)


@pytest.mark.slow
def test_damage_anywhere_is_refused_or_harmless(path):
    content, damage = path.read_bytes(), random.Random(3)
    places = [
        *range(0, 600, 5),
        *damage.sample(range(len(content)), 150),
        *range(len(content) - 4000, len(content), 31),
    ]
    refused = 0
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= damage.randrange(1, 256)
        path.write_bytes(damaged)
        refused += not right_or_refused(path)
    assert refused > 0.8 * len(places)  # most bytes matter


def test_blocks_of_zeros_are_refused(path):
    content = path.read_bytes()
    for start in range(0, len(content) - 4096, len(content) // 30):
        path.write_bytes(content[:start] + bytes(4096) + content[start + 4096 :])
        assert not right_or_refused(path), start


def test_damaged_file_is_not_added_to(path):
    with h5py.File(path, "r+") as file:
        file["pruned_in"][7] ^= 1
    before = path.read_bytes()
    with pytest.raises(InputError, match="pruned_in fails its checksum"):
        TicketFile(path)
    with pytest.raises(InputError, match="take it from a backup or search again"):
        load_ticket(path, 1)
    assert path.read_bytes() == before
