"""The parsers of the experiment scripts."""

from __future__ import annotations

from pathlib import Path

from arttl.cli import Parser, name, natural, path, positive
from arttl.cli import options as shared


def chapter1_parser(description, challenges, approaches=None):
    """The options of a Chapter 1 script.

    Arguments:
        description: first line of --help.
        challenges: the studies', which --help names.
        approaches: those that --approach takes; all by default.
    """
    parser = Parser(description=description)
    shared.add_challenge(parser, challenges, required=True)
    _add_data_options(parser.add_argument_group("data (without --data: the bundled collection, at a small size)"))
    _add_model_options(parser.add_argument_group("models and training"), approaches)
    shared.add_computing(parser)
    shared.add_runs(parser.add_argument_group("runs"))
    shared.add_sweep(parser.add_argument_group("sweep"))
    return parser


def rijks_parser(description, challenges):
    """The options of the first collection's script: a Chapter 1 script's, and what is trained on X."""
    parser = chapter1_parser(description, challenges)
    group = parser.add_argument_group("on the features off the shelf")
    group.add_argument(
        "--classifier",
        nargs="+",
        choices=("softmax", "linear-svm", "rbf-svm", "random-forest"),
        help="the softmax layer, or in its place scikit-learn's, searched on the validation images (softmax)",
    )
    return parser


def transfer_parser(description, challenges):
    """The options of the transfer from one collection to another: a Chapter 1 script's, and where from."""
    parser = chapter1_parser(description, challenges, ("off-the-shelf", "fine-tuning"))
    group = parser.add_argument_group("where the networks come from")
    group.add_argument("--source", nargs="+", choices=("imagenet", "rijks"), help="θ^i, θ^r (both)")
    group.add_argument(
        "--source-runs", type=path, metavar="DIR", help="runs of ch1_rijks.py (ch1/rijks in the folder of --output)"
    )
    group.add_argument("--source-seed", type=natural, metavar="N", help="seed of these runs (that of each run)")
    return parser


def fidelity_parser(description, challenges):
    """The options of the ablation: a Chapter 1 script's, and what to compare."""
    parser = chapter1_parser(description, challenges)
    parser.add_argument_group("comparison (--recipe, --numerics and --set make the baseline)").add_argument(
        "--compare",
        nargs="+",
        metavar="WHAT",
        help="recipes, eras, or NAME=VALUE[,NAME=VALUE...] (a list for each approach, see docs/fidelity.md)",
    )
    return parser


def saliency_parser(description, challenges):
    """The options of the saliency maps' script: whose networks, which images, which method."""
    parser = Parser(description=description)
    shared.add_challenge(parser, challenges, default="artist", help="of the runs (artist)")
    parser.add_argument("--architecture", type=name, default="resnet50", metavar="NAME", help="(resnet50)")
    parser.add_argument("--seed", type=natural, default=42, metavar="N", help="(42)")
    parser.add_argument("--before", type=path, metavar="RUN", help="another run folder than the off-the-shelf one")
    parser.add_argument("--after", type=path, metavar="RUN", help="another run folder than the fine-tuned one")
    parser.add_argument("--images", type=positive, default=6, metavar="N", help="at most so many (6)")
    parser.add_argument(
        "--method",
        choices=("visual-backprop", "visual-backprop-even", "grad-cam", "smooth-grad"),
        default="visual-backprop",
        help="VisualBackProp as in the thesis (default), or another to compare",
    )
    parser.add_argument(
        "--output", type=path, default=Path("runs"), metavar="DIR", help="where the run folders are, and maps go (runs)"
    )
    shared.add_dry_run(parser)
    shared.add_debug(parser)
    group = parser.add_argument_group("data (without --data: the bundled collection)")
    group.add_argument("--data", type=path, metavar="DIR", help="the runs' collection")
    shared.add_reading(group)
    shared.add_skip_missing(group)
    return parser


def all_parser(description):
    """The options of the script that does all of Chapter 1: what its experiments share."""
    from arttl.recipes import RECIPES
    from arttl.recipes.eras import ERAS

    parser = Parser(description=description)
    shared.add_challenge(parser, ("material", "type", "artist"), nargs="+", help="(all that there are)")
    group = parser.add_argument_group("data (without --data: the bundled collections, at a small size)")
    group.add_argument("--data", type=path, metavar="DIR", help="the first collection, as Rijksmuseum")
    group.add_argument("--antwerp", type=path, metavar="DIR", help="the second one; without it no transfer to it")
    group.add_argument("--split-seed", type=natural, default=42, metavar="N", help="seed of the splits (42)")
    shared.add_kept(group)
    group = parser.add_argument_group("models and training (for more options run the experiments one by one)")
    shared.add_architecture(group)
    group.add_argument("--weights", type=name, help="as of ch1_rijks.py (imagenet; without --data bundled-photographs)")
    group.add_argument("--recipe", choices=RECIPES, help="(thesis)")
    group.add_argument("--numerics", choices=ERAS, help="(2.1.2)")
    group.add_argument("--image-size", type=positive, metavar="PIXELS", help="(the network's own; without --data 48)")
    group.add_argument("--batch-size", type=positive, metavar="N", help="(32)")
    group.add_argument("--epochs", type=positive, metavar="N", help="at most so many (until early stopping)")
    group.add_argument("--seed", type=natural, nargs="+", default=[42], metavar="N", help="one run for each (42)")
    group.add_argument("--output", type=path, default=Path("runs"), metavar="DIR", help="where run folders go (runs)")
    shared.add_dry_run(group)
    shared.add_computing(parser)
    shared.add_sweep(parser.add_argument_group("sweep"))
    shared.add_debug(parser)
    return parser


def _add_data_options(group):
    group.add_argument("--data", type=path, metavar="DIR", help="your collection; for its layout see docs/data.md")
    shared.add_reading(group)
    shared.add_skipping(group)
    shared.add_split(group)
    shared.add_kept(group)


def _add_model_options(group, approaches):
    from arttl.recipes import APPROACHES
    from arttl.recipes.eras import ERAS

    shared.add_architecture(group)
    group.add_argument(
        "--approach",
        nargs="+",
        choices=approaches or APPROACHES,
        help=f"{', '.join(approaches or APPROACHES)} (all the thesis has)",
    )
    group.add_argument(
        "--weights",
        type=name,
        help="imagenet, bundled-photographs, bundled-drawings (also bundled), none, or a file (imagenet; without "
        "--data bundled-photographs)",
    )
    shared.add_recipe(group)
    group.add_argument("--numerics", choices=ERAS, help="compute as this Keras did (2.1.2; recipe keras3: keras3)")
    group.add_argument("--explain", action="store_true", help="print every setting beside the studies', and stop")
    group.add_argument("--image-size", type=positive, metavar="PIXELS", help="(the network's own; without --data 48)")
    shared.add_resize(group)
    group.add_argument(
        "--class-weights", choices=("none", "balanced"), help="balanced: rare classes count as much (none)"
    )
    group.add_argument("--batch-size", type=positive, metavar="N", help="(32)")
    group.add_argument("--epochs", type=positive, metavar="N", help="at most so many (until early stopping)")
