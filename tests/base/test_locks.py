"""Locks where file systems have none and on platforms without fcntl; what arttl imports there."""

import contextlib
import errno
import fcntl
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from scripts import EXPERIMENTS, SMALL, run_folders

from arttl.base import locks
from arttl.base.errors import InputError
from arttl.images import Decoding, ImageStore
from arttl.runs import FolderInUse, RunFolder
from arttl.sweeps.lock import read_owner, sweep_lock

NO_PROCESS = 2**22 + 1  # above what Linux gives


@pytest.fixture(params=["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def no_locks(request, monkeypatch):
    """A file system without locks, as NFS without lockd answers."""

    def flock(*_):
        raise OSError(getattr(errno, request.param), "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(locks, "_told", set())


def left_behind(path, process, host):
    path.write_text(f"{process}\n{host}\n", encoding="utf-8")


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_run_folder_is_still_held_by_one_and_that_is_said_once(tmp_path, capfd):
    folder = RunFolder(tmp_path / "run")
    for _ in range(2):
        refused = pytest.raises(FolderInUse, match=rf"\(process {os.getpid()} on .*, remove .*\.lock\.held\)")
        with folder.locked(), refused:
            folder.locked().__enter__()
        assert not (folder.path / ".lock.held").exists()
    assert capfd.readouterr().err == f"note: {folder.path} has no locks; .lock.held shows who is at work in it\n"


@pytest.mark.usefixtures("no_locks")
def test_what_a_killed_process_left_counts_on_its_own_machine_only(tmp_path):
    folder = RunFolder(tmp_path).open()
    left_behind(tmp_path / ".lock.held", NO_PROCESS, platform.node())
    with folder.locked():
        pass
    left_behind(tmp_path / ".lock.held", NO_PROCESS, "another")
    with pytest.raises(FolderInUse, match=rf"process {NO_PROCESS} on another"):
        folder.locked().__enter__()


@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize(("first", "second", "refused"), [(1, 0, 1), (0, 1, 1), (0, 0, 0)])
def test_sweeps_share_a_folder_or_not_without_locks_too(tmp_path, first, second, refused, monkeypatch):
    monkeypatch.setattr("arttl.sweeps.lock._ENTRY", 0.1)
    with sweep_lock(tmp_path, alone=first) as owner:
        assert read_owner(tmp_path) == owner
        expected = pytest.raises(InputError, match="another sweep is at work") if refused else contextlib.nullcontext()
        with expected, sweep_lock(tmp_path, alone=second):
            pass
    with sweep_lock(tmp_path, alone=True):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {".sweep.lock"}


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    def touch(path, *_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "touch", touch)
    with pytest.raises(InputError, match=r"cannot be written \(Read-only file system\); choose another"):
        RunFolder(tmp_path).locked().__enter__()


def test_a_store_is_written_without_pwrite(images, tmp_path, monkeypatch):
    with_it = ImageStore.build(images, Decoding((8, 8)), tmp_path / "with").path.read_bytes()
    monkeypatch.delattr(os, "pwrite")
    assert ImageStore.build(images, Decoding((8, 8)), tmp_path / "without", workers=4).path.read_bytes() == with_it


WINDOWS = """
import importlib, os, pkgutil, signal, sys
import keras, matplotlib.pyplot, pandas, scipy.io, sklearn.svm, tqdm  # what others import is theirs
for name in ("fcntl", "grp", "pwd", "resource", "termios", "syslog", "posix", "curses"):
    sys.modules[name] = None
gone = "pwrite pread fork sched_getaffinity getuid geteuid uname sysconf killpg setsid getloadavg mkfifo fchmod chown"
for name in (*gone.split(), "O_NONBLOCK", "O_NOFOLLOW", "O_DIRECTORY", "O_CLOEXEC", "WNOHANG"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGKILL", "SIGHUP", "SIGUSR1", "SIGALRM", "SIGPIPE", "SIGCHLD"):
    delattr(signal, name)
import arttl
for module in pkgutil.walk_packages(arttl.__path__, "arttl."):
    if module.name.rsplit(".", 1)[1] not in ("__main__", "ray_sweep", "ray_cluster"):  # Ray is an extra
        importlib.import_module(module.name)
for name in arttl.__all__:
    getattr(arttl, name)
import pytest, runpy, select, slim
del select.poll
slim.put_in_place(pytest.MonkeyPatch())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.slow
def test_windows_has_all_that_is_imported_and_called_for_a_study(tmp_path, photographs):
    """Every module, and one epoch of a tiny study, without the modules and functions that Windows lacks."""
    line = [EXPERIMENTS / "ch1_rijks.py", *SMALL, "--epochs", "1", "--approach", "off-the-shelf", "--data", photographs]
    line += ["--output", tmp_path / "runs", "--cache", tmp_path / "cache", "--splits", tmp_path / "splits"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", WINDOWS, *map(str, line)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = run_folders(tmp_path / "runs")
    assert RunFolder(path).is_complete
    names = [part for file in tmp_path.rglob("*") for part in file.relative_to(tmp_path).parts]
    assert not [name for name in names if set(name) & set('<>:"|?*\\') or name.endswith((".", " "))]
