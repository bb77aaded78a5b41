"""Saved models load wherever arttl is imported, whoever asked for Keras before."""

import importlib.util
import sys

from arttl.base import registration


def test_asking_whether_keras_is_there_leaves_the_registration_to_come(tmp_path, monkeypatch):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "__init__.py").write_text("loaded = True")
    monkeypatch.syspath_prepend(tmp_path)
    registered = []
    monkeypatch.setattr(registration, "_register", lambda: registered.append(True))
    monkeypatch.setattr(sys, "meta_path", [finder := registration._AfterKeras(), *sys.meta_path])
    for _ in range(2):  # as importlib.util.find_spec("keras") does, once by a user and once by the import
        spec = finder.find_spec("keras")
        assert finder in sys.meta_path
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.loaded
    assert registered == [True]
    assert finder not in sys.meta_path
    assert finder.find_spec("arttl") is None
