"""Tickets on disk: what is put in comes out, and what does not fit is refused."""

import json
import re
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
import ticket_search

from arttl.base.errors import InputError
from arttl.pruning import TicketFile, load_ticket, open_tickets

DOCUMENT = Path(__file__).parents[2] / "docs" / "tickets.md"


@pytest.mark.core
def test_every_round_comes_back(path):
    tickets = open_tickets(path)
    assert (tickets.rounds, tickets.rate, tickets.scope, tickets.metadata) == (3, 0.2, "global", {"source": "x"})
    for number in (1, 2, 3):
        ticket_search.check(path, number)
        # Grid of the thesis: 1 - 0.8^n, here of 18,000 weights.
        assert tickets.sparsity(number) == pytest.approx(1 - 0.8**number, abs=1 / 18_000)
        assert load_ticket(path, number).sparsity == tickets.sparsity(number)


def test_round_0_is_the_unpruned_network(path):
    ticket = load_ticket(path, 0)
    assert ticket.sparsity == 0
    assert ticket.masks["conv/kernel"].all()


@pytest.mark.slow
def test_a_small_network_through_31_rounds_opened_anew_for_each(path):
    while open_tickets(path).rounds < 31:
        ticket_search.add(TicketFile(path))
    for number in range(1, 32):
        ticket_search.check(path, number)
    assert open_tickets(path).sparsity(31) == pytest.approx(0.999, abs=1e-4)  # 1 - 0.8^31 = 0.99901
    # theta_k; 18,000 * 0.8^n and 300 unprunable weights of each theta_i; a byte a weight; HDF5's own 20 KB.
    assert path.stat().st_size < 4 * (18_300 + 18_000 * 3.996 + 31 * 300) + 18_000 + 20_000


@pytest.mark.slow
def test_254_rounds_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)  # the rest of the time
    weights = {"a/kernel": np.arange(300, dtype="float32")}
    file = TicketFile.create(tmp_path / "t.h5", weights, ["a/kernel"], rate=0.01, scope="layer", metadata={})
    for number in range(1, 255):
        file.add_round({"a/kernel": np.arange(300) >= number}, None, {})
    for number in (1, 127, 128, 253, 254):
        np.testing.assert_array_equal(load_ticket(file.path, number).masks["a/kernel"], np.arange(300) >= number)
    with pytest.raises(ValueError, match="holds 254 rounds"):
        file.add_round({"a/kernel": np.arange(300) >= 255}, None, {})


def test_initial_and_final_weights_only_where_they_are_kept(tmp_path):
    weights, path = ticket_search.weights(0), tmp_path / "t.h5"
    begun = ticket_search.weights(99)
    file = TicketFile.create(
        path, weights, ["conv/kernel"], rate=0.2, scope="global", metadata={}, weights_0=dict(reversed(begun.items()))
    )
    file.add_round(ticket_search.masks(1), None, {"loss": np.float32(0.5), "nan": float("nan")})
    ticket = load_ticket(path, 1)
    np.testing.assert_equal(ticket.initial(), begun)
    with pytest.raises(InputError, match="does not keep the final weights of round 1"):
        ticket.final()
    assert open_tickets(path).facts(1)["loss"] == 0.5
    with pytest.raises(InputError, match="does not keep the initial weights"):
        load_ticket(ticket_search.begin(tmp_path / "u.h5").path, 0).initial()


def test_layer_that_is_emptied_and_search_that_prunes_nothing(tmp_path):
    weights = {"a/kernel": np.ones((2, 3), "float32"), "b/kernel": np.ones(4, "float32")}
    file = TicketFile.create(tmp_path / "t.h5", weights, ["b/kernel", "a/kernel"], rate=1, scope="layer", metadata={})
    nothing = {name: np.zeros(array.shape, bool) for name, array in weights.items()}
    file.add_round(nothing, weights, {})
    assert list(load_ticket(file.path, 1).masks) == ["a/kernel", "b/kernel"]  # layer order
    np.testing.assert_equal(load_ticket(file.path, 1).final(), {name: 0 * array for name, array in weights.items()})
    file = TicketFile.create(tmp_path / "u.h5", weights, [], rate=0, scope="layer", metadata={})
    file.add_round({}, weights, {})
    assert load_ticket(file.path, 1).masks == {}
    np.testing.assert_equal(load_ticket(file.path, 1).final(), weights)


def test_mask_that_revives_a_weight_is_refused_and_nothing_is_written(path):
    file, before = TicketFile(path), path.read_bytes()
    mask = ticket_search.masks(4)["conv/kernel"]
    mask[tuple(np.argwhere(~ticket_search.masks(2)["conv/kernel"])[0])] = True
    with pytest.raises(ValueError, match="conv/kernel: the mask of round 4 revives 1 weights"):
        file.add_round({"conv/kernel": mask}, None, {})
    assert path.read_bytes() == before
    ticket_search.add(file)
    ticket_search.check(path, 4)


@pytest.mark.parametrize(
    ("masks", "final", "message"),
    [
        ({}, None, "conv/kernel: its mask is missing"),
        ({"conv/bias": np.ones(50, bool)}, None, "conv/bias: this search does not prune it"),
        ({"conv/kernel": np.ones((3, 3, 40, 50))}, None, "must be boolean"),
        ({"conv/kernel": np.ones((3, 3, 40, 1), bool)}, None, "of shape"),
        (None, {"conv/kernel": np.ones((3, 3, 40, 50))}, "conv/bias is missing"),
        (None, ticket_search.weights(1) | {"conv/bias": np.ones(49, "float32")}, "conv/bias has shape"),
        (None, ticket_search.weights(1) | {"conv/bias": np.ones(50)}, "float64, which float32 cannot hold"),
    ],
)
def test_rounds_of_another_search_are_refused(path, masks, final, message):
    with pytest.raises(ValueError, match=message):
        TicketFile(path).add_round(ticket_search.masks(4) if masks is None else masks, final, {})


def test_creation_refuses_what_does_not_fit(path):
    weights, settings = ticket_search.weights(0), {"rate": 0.2, "scope": "global", "metadata": {}}
    with pytest.raises(InputError, match="exists already"):
        TicketFile.create(path, weights, [], **settings)
    other = path.with_name("other.h5")
    with pytest.raises(ValueError, match="none/kernel is to be pruned"):
        TicketFile.create(other, weights, ["none/kernel"], **settings)
    with pytest.raises(ValueError, match="theta_0: conv/bias is in one"):
        TicketFile.create(other, weights, [], **settings, weights_0={n: weights[n] for n in weights if "bias" not in n})
    with pytest.raises(TypeError, match="only what JSON can hold"):
        TicketFile.create(other, weights, [], rate=0.2, scope="global", metadata={"x": object()})
    with pytest.raises(InputError, match="cannot be written"):
        TicketFile.create(path.parent / "missing" / "t.h5", weights, [], **settings)
    assert not other.exists()


def test_second_writer_does_not_undo_the_first(path):
    first, second = TicketFile(path), TicketFile(path)
    ticket_search.add(first)
    with pytest.raises(InputError, match="added by another process"):
        ticket_search.add(second)
    ticket_search.check(path, 4)


def test_ticket_of_a_replaced_file_does_not_mix_two_searches(path):
    ticket = load_ticket(path, 1)
    path.unlink()
    weights = ticket_search.weights(5)
    file = TicketFile.create(path, weights, ["conv/kernel"], rate=0.2, scope="global", metadata={"source": "x"})
    file.add_round(ticket_search.masks(1), weights, {"accuracy": 0.01})
    with pytest.raises(InputError, match="replaced by another search's"):
        ticket.final()


def test_files_that_are_no_tickets_are_refused(path, tmp_path):
    for name, content in {"empty.h5": b"", "text.h5": b"text " * 1000, "cut.h5": path.read_bytes()[:5000]}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name} is damaged or not a file of tickets"):
            open_tickets(tmp_path / name)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(InputError, match=r"its format is 'None', not"):
        open_tickets(tmp_path / "other.h5")
    with pytest.raises(InputError, match="does not exist"):
        open_tickets(tmp_path / "none.h5")
    with pytest.raises(InputError, match=f"{tmp_path}"):
        open_tickets(tmp_path)
    for number in (4, -1, 1.0, None):
        with pytest.raises(InputError, match=f"no round {number}; choose one from 0 to 3"):
            load_ticket(path, number)
    with pytest.raises(InputError, match="no round 0; choose one from 1 to 3"):
        open_tickets(path).facts(0)


def forge(path, change):
    """Let a file's settings say something else, with a checksum that is right."""
    with h5py.File(path, "r+") as file:
        settings = json.loads(file["settings"][()])
        change(settings, file)
        text = json.dumps(settings).encode()
        del file["settings"]
        file["settings"] = np.bytes_(text)
        file.attrs["settings_crc32"] = zlib.crc32(text)


def replaced(name, **options):
    def change(_, file):
        del file[name]
        file.create_dataset(name, **options)

    return change


def linked(settings, file):
    del file["theta_k"]
    file["theta_k"] = h5py.ExternalLink("/etc/passwd", "/x")


HOSTILE = {
    "a later version": (lambda _, file: file.attrs.update(format="arttl tickets 2"), "later version .* update arttl"),
    "huge shape": (lambda s, _: s["weights"][0].update(shape=[10**9] * 4), "theta_k does not hold"),
    "negative shape": (lambda s, _: s["weights"][1].update(shape=[-50]), "not of whole numbers"),
    "shape of text": (lambda s, _: s["weights"][1].update(shape="50"), "not of whole numbers"),
    "fractional shape": (lambda s, _: s["weights"][1].update(shape=[50.0]), "not of whole numbers"),
    "one name twice": (lambda s, _: s["weights"][1].update(name="conv/kernel"), "contradict"),
    "no checksum": (lambda s, _: s.pop("theta_0_crc32"), "theta_0_crc32"),
    "no rounds": (lambda s, _: s.pop("rounds"), "rounds"),
    "rounds that grow": (lambda s, _: s["rounds"][2].update(remaining=17_000), "not nested"),
    "another number remains": (lambda s, _: s["rounds"][2].update(remaining=7), "masks of round 3"),
    "too many rounds": (lambda s, _: s.update(rounds=s["rounds"][:1] * 300), "300 rounds"),
    "a list": (lambda s, _: s.update(weights=[]), "damaged"),
    "never written": (replaced("theta_k", shape=(18_300,), dtype="f4"), "theta_k is larger than the file"),
    "expands": (replaced("pruned_in", shape=(10**9,), dtype="u1", chunks=(2**20,), compression="gzip"), "pruned_in"),
    "other type": (replaced("pruned_in", data=np.zeros(18_000)), "pruned_in does not hold 18000 numbers of uint8"),
    "packed": (replaced("theta_k", shape=(18_300,), dtype="f4", compression="gzip"), "theta_k does not hold"),
    "lies elsewhere": (
        replaced("theta_k", shape=(18_300,), dtype="f4", external=[("/etc/passwd", 0, 4 * 18_300)]),
        "theta_k lies elsewhere",
    ),
    "a link": (linked, "theta_k is missing"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused(path, case):
    change, message = HOSTILE[case]
    forge(path, change)
    with pytest.raises(InputError, match=message) as refused:
        load_ticket(path, 3)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_document_shows_how_to_read_a_file_with_h5py_alone(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    path.rename("tickets.h5")
    snippet = re.search(r"```python\n(import json.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL).group(1)
    names = {}
    exec(snippet.replace("round = 17", "round = 2"), names)
    for name, array in ticket_search.weights(0).items():
        mask = ticket_search.masks(2)[name] if name == "conv/kernel" else True
        np.testing.assert_array_equal(names["ticket"][name], array * mask)
