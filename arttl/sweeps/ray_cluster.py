"""A Ray cluster: connecting to it, its nodes, and how many runs each of them takes at once."""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import dataclass

import ray
from ray.exceptions import RayError

from arttl.base.errors import InputError
from arttl.base.workers import processors

OWN = "local"  # Ray's word for a cluster of this machine alone, which ends with the script


@dataclass(frozen=True)
class Share:
    """What one run takes of a node: `cpus` and `gpus`, as Ray counts them; and how many such runs the node takes."""

    cpus: float
    gpus: float
    slots: int


@dataclass(frozen=True)
class Node:
    """A living node of the cluster.

    Attributes:
        key: Ray's id of it.
        name: for people.
        cpus, gpus: what it offers to all, whatever is in use.
    """

    key: str
    name: str
    cpus: float
    gpus: float

    def share(self, cpus, gpus):
        """The Share of a run.

        Arguments:
            cpus: for a run; None shares them among the runs that the node takes by its GPUs, or gives them all to one.
            gpus: for a run; may be 0, or a fraction.
        """
        by_gpu = int(self.gpus / gpus + 1e-6) if gpus else None
        if cpus is None:
            slots = by_gpu if by_gpu is not None else int(self.cpus >= 1)
            return Share(int(self.cpus / slots) if slots else 0, gpus, slots)
        by_cpu = int(self.cpus / cpus + 1e-6)
        return Share(cpus, gpus, by_cpu if by_gpu is None else min(by_cpu, by_gpu))


@contextlib.contextmanager
def connected(sweep):
    """A connection to the cluster that a sweep asks for; yields whether it is of this machine alone.

    Arguments:
        sweep: a Sweep; without its `address` it is that of $RAY_ADDRESS, or where that is not set a cluster of its own.

    Raises InputError when there is none.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # or Ray reports to its makers
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "1")  # a worker without a GPU sees none
    address = sweep.address or os.environ.get("RAY_ADDRESS") or OWN
    settings = {"log_to_driver": False, "logging_level": "ERROR"}
    if address == OWN:
        settings |= {"num_cpus": processors(), "include_dashboard": False}
    try:
        if address not in (OWN, "auto"):
            _reach(address, 20)  # Ray itself would try for minutes
        ray.init(address=address, **settings)
    except InputError:
        raise
    except (OSError, ValueError, RuntimeError, RayError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"address={address}: no Ray cluster can be reached there ({reason}); start one with ray start --head, "
            "see docs/cluster.md"
        ) from error
    try:
        yield address == OWN
    finally:
        ray.shutdown()


def _reach(address, seconds):
    """Raise OSError when nothing answers at HOST:PORT, ValueError when that is none."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError("it is no HOST:PORT")
    socket.create_connection((host.strip("[]"), int(port)), timeout=seconds).close()


def head_answers():
    """Whether the head node can be reached: the process there that knows the cluster, which Ray calls GCS."""
    try:
        _reach(ray.get_runtime_context().gcs_address, 2)
    except OSError:
        return False
    return True


def living_nodes():
    """The cluster's nodes that live, as Nodes."""
    return [
        Node(
            each["NodeID"],
            each.get("NodeName") or each["NodeManagerHostname"],
            each["Resources"].get("CPU", 0),
            each["Resources"].get("GPU", 0),
        )
        for each in ray.nodes()
        if each["Alive"]
    ]
