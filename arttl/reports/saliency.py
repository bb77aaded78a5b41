"""Figure 4, which experiments/ch1_saliency.py draws: the figure, and how the report takes it over."""

from __future__ import annotations

import io

from PIL import Image

from arttl.base.files import whole_file
from arttl.base.wording import shown, shown_path
from arttl.images.overlay import overlay
from arttl.images.picture import DAMAGE
from arttl.reports.figures import new_figure
from arttl.reports.pictures import data_uri

TITLE = "Figure 4: what the networks look at (VisualBackProp)"
WIDEST = 1400  # pixels on the page
SHOWN = 6  # on the page, so that it can be sent by mail


def saliency_figure(images, labels, maps, answers):
    """Figure 4: a row an image; the picture, then each network's map over it with its answer.

    Arguments:
        images: a list of uint8 (height, width, 3), of any sizes.
        labels: their labels, n texts.
        maps: dict of a network's title to float (n, height, width) in [0, 1].
        answers: dict of the same titles to n pairs of predicted label and its probability.

    Returns a matplotlib Figure.
    """
    figure = new_figure(2.4 * (1 + len(maps)), 2.6 * len(images))
    grid = figure.subplots(len(images), 1 + len(maps), squeeze=False)
    for row, (image, label) in enumerate(zip(images, labels, strict=True)):
        _panel(grid[row, 0], image, shown(label))
        for axes, title in zip(grid[row, 1:], maps, strict=True):
            answer, probability = answers[title][row]
            _panel(axes, overlay(image, maps[title][row]), f"{title}: {shown(answer)} ({probability:.0%})")
    return figure


def _panel(axes, picture, title):
    axes.imshow(picture)
    axes.set_title(title, fontsize=7, parse_math=False)
    axes.set_axis_off()


def saliency_figures(root, folder):
    """Copy every ch1/saliency/.../figure4.png and .pdf into the report.

    Arguments:
        root: the folder of runs.
        folder: the report's.

    Returns a list of dicts as report.draw_figures makes them, at least one.
    """
    found = [path for path in sorted(root.rglob("figure4.png")) if "saliency" in path.relative_to(root).parts]
    figures = []
    for number, path in enumerate(found, 1):
        stem = "figure4" if len(found) == 1 else f"figure4-{number}"
        where = shown_path(path.parent.relative_to(root).as_posix())
        about = {"title": TITLE, "caption": f"From {where}", "alt": f"{TITLE}, {where}", "picture": None}
        about |= {"files": _copy(path, folder, stem), "missing": f"{stem}.png is in the report's folder."}
        if number <= SHOWN:
            about["picture"] = _embedded(path)
        figures.append(about)
    sources = {path.with_suffix(suffix).resolve() for path in found for suffix in (".png", ".pdf")}
    current = {path for about in figures for path in about["files"]}
    for old in folder.glob("figure4*.p[nd][gf]"):  # of a former report
        if old not in current and old.resolve() not in sources:
            old.unlink()
    nothing = {"title": TITLE, "caption": "", "alt": TITLE, "picture": None, "files": []}
    nothing["missing"] = "No saliency maps below ch1/saliency; experiments/ch1_saliency.py draws them."
    return figures or [nothing]


def _copy(path, folder, stem):
    copies = []
    for source in (path, path.with_suffix(".pdf")):
        if source.is_file():
            copies.append(folder / f"{stem}{source.suffix}")
            with whole_file(copies[-1], "wb") as file:
                file.write(source.read_bytes())
    return copies


def _embedded(path):
    """A picture in a data: address, no wider than WIDEST; None if it is no picture."""
    try:
        with Image.open(path) as picture:
            picture = picture.convert("RGB")
    except DAMAGE:
        return None
    picture.thumbnail((WIDEST, 10 * WIDEST))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=88)
    return data_uri(file.getvalue(), "image/jpeg")
