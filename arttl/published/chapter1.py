"""Chapter 1's published numbers, as printed. Source: thesis, Tables 1 to 3."""

from __future__ import annotations

APPROACH_TITLES = {"off-the-shelf": "off the shelf", "fine-tuning": "fine tuning", "scratch": "from scratch"}

ARCHITECTURES = {"xception": "Xception", "inception_v3": "InceptionV3", "resnet50": "ResNet50", "vgg19": "VGG19"}
"""Names of the networks and what the thesis calls them, in the order of its tables."""

EXPERIMENTS = {"rijks": "Rijksmuseum", "antwerp": "Antwerp"}
"""The studies' experiments, by their folder below ch1, and the collection of each."""

SOURCES = {"imagenet": "θⁱ", "rijks": "θʳ"}
"""Symbols of what a network was trained on before Antwerp."""

COLLECTIONS = {
    ("material", "Rijksmuseum"): (110_668, 206),
    ("type", "Rijksmuseum"): (112_012, 1_054),
    ("type", "Antwerp"): (23_797, 920),
    ("artist", "Rijksmuseum"): (82_018, 1_196),
    ("artist", "Antwerp"): (18_656, 903),
}
"""N_t (samples) and Q_t (labels) of the studies' collections: Table 1."""

OVERLAP = {"type": "about 15%", "artist": "none"}
"""Label overlap of Rijksmuseum and Antwerp: Table 1. Antwerp has no material metadata."""

NEAR = 0.05  # a collection this much larger or smaller than a published one may be that one

PARAMETERS = {
    "material": {"xception": 21, "inception_v3": 22, "resnet50": 24, "vgg19": 20},
    "type": {"xception": 23, "inception_v3": 24, "resnet50": 25, "vgg19": 20},
    "artist": {"xception": 23, "inception_v3": 24, "resnet50": 26, "vgg19": 20},
}
"""Millions of trainable parameters: Table 2, which prints "K"."""

FEATURES = {"xception": 2048, "inception_v3": 2048, "resnet50": 2048, "vgg19": 512}
"""Length of X: Table 2."""

RIJKSMUSEUM_COLUMNS = (("off-the-shelf", ""), ("fine-tuning", ""))
"""Table 2's columns: approach and source."""

RIJKSMUSEUM = {
    "material": {
        "xception": ("87.69", "92.13"),
        "inception_v3": ("88.24", "92.10"),
        "resnet50": ("86.81", "92.95"),
        "vgg19": ("92.12", "92.23"),
    },
    "type": {
        "xception": ("74.80", "90.67"),
        "inception_v3": ("72.96", "91.03"),
        "resnet50": ("71.23", "91.30"),
        "vgg19": ("77.33", "90.27"),
    },
    "artist": {
        "xception": ("10.92", "51.43"),
        "inception_v3": (".07", "51.73"),
        "resnet50": (".08", "46.13"),
        "vgg19": ("38.11", "44.98"),
    },
}
"""Test accuracy in percent: Table 2."""

ANTWERP_COLUMNS = (
    ("off-the-shelf", "imagenet"),
    ("off-the-shelf", "rijks"),
    ("fine-tuning", "imagenet"),
    ("fine-tuning", "rijks"),
)
"""Table 3's columns: approach and source."""

ANTWERP = {
    "type": {
        "xception": ("42.01", "62.92", "69.74", "72.03"),
        "inception_v3": ("43.90", "57.65", "70.58", "71.88"),
        "resnet50": ("41.59", "64.95", "76.50", "78.15"),
        "vgg19": ("38.36", "60.10", "70.37", "71.21"),
    },
    "artist": {
        "xception": ("48.52", "54.81", "58.15", "58.47"),
        "inception_v3": ("21.29", "53.41", "56.68", "57.84"),
        "resnet50": ("22.39", "31.38", "62.57", "69.01"),
        "vgg19": ("49.90", "53.52", "54.90", "60.01"),
    },
}
"""Test accuracy in percent: Table 3."""

MISPRINTS = {".07": "the validation curve is near 7%", ".08": "the validation curve is near 8-9%"}
"""Values of Table 2 that contradict the thesis' own figures, so that no difference from them means anything."""


def accuracies(experiment):
    """The published accuracies of an experiment.

    Arguments:
        experiment: "rijks" (Table 2) or "antwerp" (Table 3).

    Returns a dict of (challenge, architecture, approach, source) to the accuracy in percent, as printed: a str.
    """
    columns, table = {
        "rijks": (RIJKSMUSEUM_COLUMNS, RIJKSMUSEUM),
        "antwerp": (ANTWERP_COLUMNS, ANTWERP),
    }[experiment]
    return {
        (challenge, architecture, *column): value
        for challenge, rows in table.items()
        for architecture, values in rows.items()
        for column, value in zip(columns, values, strict=True)
    }


def is_near(number, published):
    """Whether a collection's number of images or classes is about a published one (see NEAR)."""
    return abs(number - published) <= NEAR * published
