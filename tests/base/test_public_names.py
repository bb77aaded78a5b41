"""The public names: few, all there, and the same for Python, editors and type checkers."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import arttl

PACKAGE = Path(arttl.__file__).parent
STUBS = sorted(PACKAGE.rglob("__init__.pyi"))


@pytest.mark.parametrize("stub", STUBS, ids=lambda path: path.parent.name)
def test_every_name_of_a_stub_loads_and_is_what_it_says(stub):
    package = importlib.import_module(".".join(("arttl", *stub.parent.relative_to(PACKAGE).parts)))
    assert dir(package) == package.__all__
    for line in ast.parse(stub.read_text()).body:
        for each in getattr(line, "names", ()):
            assert each.asname == each.name  # what is imported otherwise is private to a type checker
            module = importlib.import_module(line.module)
            assert getattr(package, each.name) is getattr(module, each.name)


def test_what_people_call_stands_on_top_and_inner_names_do_not():
    called = {"MagnitudePruning", "find_tickets", "load_ticket", "visual_backprop", "Batches", "train", "set_trainable"}
    assert called <= set(arttl.__all__)
    assert not {"eras", "features", "metrics", "base", "attach"} & set(arttl.__all__)
    assert arttl.eras.Numerics  # what was reached like this still is
    with pytest.raises(AttributeError, match="module 'arttl' has no attribute 'nothing'"):
        _ = arttl.nothing


def test_what_people_call_is_typed():
    """Every argument but data, which may be of many kinds, and what comes back."""
    for name in ("build_classifier", "find_tickets", "load_ticket", "train", "set_trainable", "extract_features"):
        signature = inspect.signature(getattr(arttl, name))
        untyped = {each.name for each in signature.parameters.values() if each.annotation is each.empty}
        assert untyped <= {"training", "validation", "test", "store"}, name
        assert signature.return_annotation is not signature.empty, name
    assert (PACKAGE / "py.typed").exists()
