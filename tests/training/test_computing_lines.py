"""What computes is said before long work begins; a GPU that nobody uses is a warning."""

from pathlib import Path

import keras
import pytest
from scripts import SMALL, run_folders

from arttl.runs import RunFolder
from arttl.training import precision


def test_device_backend_and_precision_are_one_line(monkeypatch):
    monkeypatch.setitem(precision._DEVICES, keras.backend.backend(), lambda: "NVIDIA H100")
    (line,) = precision.computing_lines("mixed_bfloat16")
    assert line.startswith(f"computing on NVIDIA H100, {keras.backend.backend()} ")
    assert line.endswith(", mixed_bfloat16")


@pytest.mark.parametrize("there", [True, False])
def test_a_gpu_that_the_backend_does_not_see_is_told_with_its_remedy(there, monkeypatch, tmp_path):
    (tmp_path / "nvidia0").touch()
    monkeypatch.setitem(precision._DEVICES, keras.backend.backend(), lambda: "cpu")
    monkeypatch.setattr(precision, "_GPU_FILES", (tmp_path / "nvidia0" if there else Path("/dev/nothing"),))
    lines = precision.computing_lines()
    assert lines[0].startswith("computing on CPU (")
    assert ("this machine has a GPU that" in lines[-1]) == there
    assert len(lines) == 1 + there


@pytest.mark.parametrize(("flags", "told"), [("fpu avx2", True), ("fpu avx512_bf16", False), ("amx_bf16", False)])
def test_a_half_precision_without_arithmetic_is_told(flags, told, monkeypatch, tmp_path):
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t\t: {flags}\nbugs : none\n")
    monkeypatch.setattr(precision, "_CPU_FILE", tmp_path / "cpuinfo")
    monkeypatch.setattr(precision, "_GPU_FILES", ())
    monkeypatch.setitem(precision._DEVICES, keras.backend.backend(), lambda: "cpu")
    lines = precision.computing_lines("mixed_bfloat16")
    assert [line.startswith("warning: this processor has no bfloat16 arithmetic") for line in lines[1:]] == [
        True
    ] * told
    assert len(precision.computing_lines()) == 1
    monkeypatch.setattr(precision, "_CPU_FILE", tmp_path / "nothing")
    assert len(precision.computing_lines("mixed_bfloat16")) == 1


@pytest.mark.slow
def test_a_script_says_it_before_the_first_run_and_runs_record_it(script, photographs, tmp_path):
    line = ["--data", photographs, *SMALL, "--approach", "off-the-shelf"]
    code, out, err = script(*line)
    assert code == 0, err
    assert 0 < out.index("computing on ") < out.index("[1/1]")
    (path,) = run_folders(tmp_path / "runs")
    assert RunFolder(path).read_config()["device"] == precision.device()
    assert "computing on" not in script(*line)[1]  # there is nothing to do
