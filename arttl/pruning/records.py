"""The tables that a search keeps beside its tickets: a row an epoch, a round, a layer and round, a test image."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from arttl.base.files import write_table

HISTORY, ROUNDS, LAYERS, ANSWERS = "history.csv", "rounds.csv", "layers.csv", "answers.csv"


class Records:
    """The tables of a search's folder. A round that is trained anew replaces its own rows and those after it.

    Arguments:
        folder: the folder, a pathlib.Path.
    """

    def __init__(self, folder):
        self.folder = Path(folder)

    def history(self, number, progress):
        """Write a round's row for each epoch so far.

        Arguments:
            number: the round.
            progress: an arttl.training.Progress.
        """
        self._write(HISTORY, number, [{"round": number, **row} for row in progress.history])

    def round(self, facts):
        """Write a round's row.

        Arguments:
            facts: the row, a dict with "round".
        """
        self._write(ROUNDS, facts["round"], [facts])

    def layers(self, number, masks):
        """Write a row for each layer of a round, the weights that remain in it.

        Returns the layers that have none, if no layer had lost all of its weights before; else nothing.
        """
        rows = [
            {"round": number, "layer": key, "weights": mask.size, "remaining": int(mask.sum())}
            for key, mask in masks.items()
        ]
        former = self._write(LAYERS, number, rows)
        known = not former.empty and not former.remaining.all()
        return [] if known else [row["layer"] for row in rows if not row["remaining"]]

    def answers(self, number, labels, answers):
        """Write what a round's network takes each test image for, a column beside those of the rounds before.

        Arguments:
            number: the round.
            labels: class ids of the test images, in their order.
            answers: class ids that the network gives them.
        """
        path = self.folder / ANSWERS
        table = pd.read_csv(path) if path.exists() else pd.DataFrame({"label": labels})
        former = [name for name in table if name == "label" or int(name.removeprefix("round_")) < number]
        write_table(path, table[former].assign(**{f"round_{number}": answers}))

    def _write(self, name, number, rows):
        """Write a table's former rounds and a round's rows; returns the former ones."""
        path = self.folder / name
        former = pd.read_csv(path) if path.exists() else pd.DataFrame({"round": []})
        former, new = former[former["round"] < number], pd.DataFrame(rows)
        write_table(path, pd.concat([former, new]) if len(former) else new)
        return former
