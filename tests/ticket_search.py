"""A search without a network, the same in every process: what a file of tickets must give back, and its writers."""

import os
import resource
import signal

import numpy as np

from arttl.base.errors import InputError
from arttl.pruning import TicketFile, load_ticket, open_tickets, ticket_layout

SHAPES = {"conv/kernel": (3, 3, 40, 50), "conv/bias": (50,), "norm/gamma": (50,), "head/kernel": (50, 4)}


def weights(number):
    """All weights of round `number`; theta_k is round 0's."""
    rng = np.random.default_rng([1, number])
    return {name: rng.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}


def masks(number):
    """Round `number`'s masks by the published rule: the 0.8^n of largest magnitude, which is nested."""
    order = np.argsort(np.random.default_rng(2).permutation(3 * 3 * 40 * 50))
    return {"conv/kernel": (order < round(order.size * 0.8**number)).reshape(SHAPES["conv/kernel"])}


def begin(path):
    return TicketFile.create(path, weights(0), ["conv/kernel"], rate=0.2, scope="global", metadata={"source": "x"})


def add(file):
    number = file.rounds + 1
    file.add_round(masks(number), weights(number), {"accuracy": number / 100})


def check(path, number):
    """Compare one round of a file with what was put in."""
    ticket = load_ticket(path, number)
    np.testing.assert_array_equal(ticket.masks["conv/kernel"], masks(number)["conv/kernel"])
    assert list(ticket.weights) == list(SHAPES)
    for name, array in weights(0).items():
        np.testing.assert_array_equal(ticket.weights[name], array)
    final = weights(number)
    final["conv/kernel"] = np.where(masks(number)["conv/kernel"], final["conv/kernel"], 0)
    for name, array in ticket.final().items():
        np.testing.assert_array_equal(array, final[name])
    assert open_tickets(path).facts(number) == {"accuracy": number / 100}


def go_on(path, rounds, begun):
    """Writer: add rounds until there are so many; sends a message before the first."""
    file = TicketFile(path)
    begun.send(None)
    while file.rounds < rounds:
        add(file)


def go_on_and_die(path, write):
    """Writer: add a round, and be killed before its so-manieth write to the disk."""
    left = [write]
    plain = ticket_layout._Sink.write

    def deadly(sink, content):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return plain(sink, content)

    ticket_layout._Sink.write = deadly
    add(TicketFile(path))


def go_on_on_a_full_disk(path, limits, answers):
    """Writer: add a round with each limit on the size of a file; sends the messages of what was refused, or None."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in limits:
        file, message = TicketFile(path), None
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            add(file)
        except InputError as error:
            message = str(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        answers.send(message)
