"""Write docs/results/README.md from the tables beside it: what the evidence says so far, and nothing else.

python tools/evidence/write_results.py
"""

import argparse
from pathlib import Path

import pandas as pd
from comparing import compared, pooled, verdict

from arttl.base.files import whole_file
from arttl.base.markdown import markdown_table

FOLDER = Path(__file__).parents[2] / "docs" / "results"
CLAIMS = (
    ("fine tuning is better than off the shelf (1.3.1)", "thesis fine-tuning", "thesis off-the-shelf"),
    ("pretrained is better than from scratch (1.3.1)", "thesis fine-tuning", "thesis scratch"),
    ("ImageNet's own pixels serve better than [0, 1]", "keras3-imagenet off-the-shelf", "keras3-unit off-the-shelf"),
    ("the numerics of 2.1.6 serve better than today's", "2.1.6-unit off-the-shelf", "keras3-unit off-the-shelf"),
)
"""In words, and the two columns of a table of pictures that are compared."""

HEAD = """# Evidence so far

Xception with ImageNet's own weights at 96 pixels, trained as in Chapter 1 until early stopping, on folds that test
every picture once, seed k in fold k. Louvre: 1,250 photographs of paintings in four genres; clipart-a: the bundled
drawings. None of it is the Rijksmuseum. Made by

    python ../shared/tools/get_xception.py .                                             # fetches the weights
    python tools/evidence/make_folds.py louvre-genres --challenge genre --to folds/louvre
    python experiments/ch1_rijks.py --challenge genre --data folds/louvre/genre-fold-1 --seed 1 --image-size 96 \\
      --architecture xception --weights xception.keras --approach off-the-shelf --set numerics=keras3 \\
      --output RUNS/keras3-unit
    python tools/evidence/gather.py RUNS --to docs/results && python tools/evidence/write_results.py

and so on for each fold; `thesis` is without `--set`. `runs.csv` has every run and number, `histories.csv` every epoch,
`rounds.csv` the searches of [chapter2.md](../chapter2.md#which-open-choice-gives-the-thesis-curves).
"""
NOTES = """
Accuracies with Wilson's 95% intervals for the draw of pictures. Differences in points, with the 95% interval of the
corrected resampled t-test over folds (Nadeau and Bengio 2003), which decides; p is of McNemar's exact test.
"""


def text(folder):
    """The page for the tables of a folder."""
    measured, claims = [], []
    for path in sorted(folder.glob("pictures-*.csv")):
        pictures, data = pd.read_csv(path), path.stem.removeprefix("pictures-")
        ways = [column for column in pictures if column not in ("image_id", "fold")]
        for way in ways:
            accuracy, low, high = pooled(pictures, way)
            folds = pictures.fold[pictures[way].notna()].nunique()
            row = [data, way, f"{accuracy:.1f}%", f"{low:.1f}% to {high:.1f}%", pictures[way].notna().sum(), folds]
            measured.append([str(each) for each in row])
        for claim, better, worse in CLAIMS:
            if {better, worse} <= set(ways) and (found := compared(pictures, better, worse)):
                interval = f"{found.low:+.1f} to {found.high:+.1f}"
                row = [claim, data, f"{found.points:+.1f}", interval, f"{found.p:.2g}", found.folds, verdict(found)]
                claims.append([str(each) for each in row])
    runs = len(pd.read_csv(folder / "runs.csv"))
    parts = [
        HEAD,
        markdown_table(["pictures", "variant and approach", "accuracy", "95% interval", "tested", "folds"], measured),
        NOTES,
        markdown_table(["claim", "pictures", "difference", "95% interval", "p", "folds", "here"], claims),
        f"\n{runs} runs in all.",
    ]
    return "\n".join(parts) + "\n"


def main():
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    with whole_file(FOLDER / "README.md") as file:
        file.write(text(FOLDER))
    print(FOLDER / "README.md")


if __name__ == "__main__":
    main()
