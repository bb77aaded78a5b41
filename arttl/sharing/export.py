"""Write a run's result as a folder to share."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from arttl.base.errors import InputError
from arttl.base.files import whole_file, whole_folder, write_json, write_model
from arttl.base.needs import needed_objects, needs_in_words
from arttl.base.wording import counted, shown_path
from arttl.collections.image_folder import entries
from arttl.runs import RunFolder
from arttl.sharing.card import model_card
from arttl.sharing.describe import describe
from arttl.sharing.layout import ABOUT, CARD, LABELS, MODEL, labels_csv, read_about, sha256

_BLOCK = 1 << 20


def export_run(run: str | os.PathLike | RunFolder, folder: str | os.PathLike, plain: bool = False) -> bool:
    """Write a complete run's model, labels, description and model card; the folder appears whole or not at all.

    Arguments:
        run: the run folder's path, or a RunFolder.
        folder: the folder to make; it may be there if it is empty, or holds this same export.
        plain: write the model with Keras' own layers alone, which compute the same in inference, so that it loads where
            arttl is not installed; else byte by byte.

    Returns True, or False if the same export was there already and nothing was written.

    Raises InputError for a run that is unfinished or damaged, for a folder that holds anything else or cannot be
    written, and with `plain` for a layer that nothing of Keras stands for.

    Example:
        >>> export_run("runs/ch1/rijks/type/resnet50/off-the-shelf/seed-42", "shared")
    """
    run = run if isinstance(run, RunFolder) else RunFolder(run)
    folder = Path(folder)
    about, labels = describe(run)
    text = labels_csv(labels)
    model = run.path / MODEL
    about["sha256"] = {MODEL: _model_digest(model), LABELS: hashlib.sha256(text.encode()).hexdigest()}
    if plain:
        about["plain"], about["sha256"][MODEL] = True, None  # which is known once it is written
    if os.path.lexists(folder) and _is_there(folder, about):
        return False
    with whole_folder(folder) as partial:
        digest = _write_plain(model, partial / MODEL) if plain else _copy(model, partial / MODEL)
        about["sha256"][MODEL] = about["sha256"][MODEL] or digest
        if digest != about["sha256"][MODEL] or describe(run) != (_without_own(about), labels):
            raise InputError(f"{shown_path(run.path)} changed while it was exported; wait until its run is finished")
        with whole_file(partial / LABELS) as file:
            file.write(text)
        needed = needed_objects(partial / MODEL if plain else model)
        with whole_file(partial / CARD) as file:
            file.write(_card(run, about, labels, needs_in_words(needed)))
        write_json(partial / ABOUT, about)
    return True


def run_export(options):
    """Do what `python -m arttl export` was asked for.

    Arguments:
        options: the namespace of arttl.cli.commands.

    Returns the exit code, 0.

    Raises InputError as export_run does.
    """
    written = export_run(options.run_folder, options.to, options.plain)
    if not written:
        print(f"{shown_path(options.to)} holds this export already; nothing was written")
        return 0
    about = read_about(options.to)
    metrics = about["metrics"]
    print(
        f"{shown_path(options.to)}: {counted(about['classes'], 'class')}, test accuracy "
        f"{metrics['test_accuracy']:.1%} [{metrics['test_accuracy_low']:.1%}, {metrics['test_accuracy_high']:.1%}]"
    )
    print(f"  read {CARD}, the model card, and add a licence before you share it")
    return 0


def _card(run, about, labels, needs):
    try:
        return model_card(about, labels, needs)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{shown_path(run.path)} holds damaged results ({error!r}); run again with force=True"
        ) from error


def _without_own(about):
    """What is known of the run alone."""
    return {name: value for name, value in about.items() if name not in ("sha256", "plain")}


def _write_plain(source, target):
    """Write a model of Keras' own layers alone; returns the SHA-256 of the file."""
    from arttl.models import without_custom_objects
    from arttl.sharing.classifier import load_model

    write_model(target, without_custom_objects(load_model(source)))
    return sha256(target)


def _model_digest(path):
    if not path.is_file():
        raise InputError(f"{shown_path(path)} does not exist; make the run anew with force=True")
    return sha256(path)


def _is_there(folder, about):
    """Whether a folder holds this very export; InputError if it holds anything else.

    The card may have been edited since: it is meant to be.
    """
    if not folder.is_dir():
        raise InputError(f"{shown_path(folder)} is there and no folder; name another")
    names = {entry.name for entry in entries(folder)}
    if not names:
        return False
    wanted = "it is not empty, and holds no export of this run"
    try:
        found = read_about(folder)
        about["sha256"][MODEL] = about["sha256"][MODEL] or found["sha256"].get(MODEL)
        if found == about:
            wanted = "it holds this export, but a file is missing or damaged"
            if CARD in names and all(sha256(folder / name) == digest for name, digest in about["sha256"].items()):
                return True
    except InputError:
        pass  # whatever is wrong with what lies there, the remedy is another folder
    raise InputError(f"{shown_path(folder)}: {wanted}; delete it or name another")


def _copy(source, target):
    """Copy a file and return the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with open(source, "rb") as original, whole_file(target, "wb") as copy:
        while block := original.read(_BLOCK):
            digest.update(block)
            copy.write(block)
    return digest.hexdigest()
