"""What each departure from the thesis' settings is worth: the same runs under other recipes, eras and settings."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from arttl.chapter1 import check_all_weights, check_sources, open_collection, open_experiment, run_one, split_data
from arttl.chapter1.plan import Demo, Variant, plan_runs, say_notes
from arttl.eras import ERAS
from arttl.errors import InputError
from arttl.files import make_folder, whole_file, write_table
from arttl.overrides import read_assignments
from arttl.recipes import RECIPES
from arttl.reports.ablation import ablation_markdown, ablation_table
from arttl.reports.explain import explain
from arttl.sweeps import Part, do_parts

BASELINE = "baseline"
# One comparison each: a recipe, an era, or settings with a comma between them.
COMPARISONS = {
    "off-the-shelf": (
        "released",
        "keras3",
        "preprocessing=imagenet",
        "features=every-step",
        "features=every-step,numerics=2.1.6",
        "numerics.rmsprop_root=inside",
        "optimizer.epsilon=1e-7",
        "numerics.resnet50=keras3",
        "numerics.resnet50=2.1.2",
        "resize=antialiased",
        "split=released",
        "tested=last",
    ),
    "fine-tuning": (
        "released",
        "keras3",
        "numerics=2.1.6",
        "optimizer.learning_rate=1e-4",
        "optimizer.nesterov=false",
    ),
}
DEMO = Demo(48, {"off-the-shelf": 8, "fine-tuning": 3, "scratch": 3})


def run_fidelity(options, experiment):
    """Run the baseline and every comparison, and write and print what each is worth.

    Arguments:
        options: the namespace of arttl.parsers.fidelity_parser.
        experiment: folder of the experiment below --output, "ch1/fidelity".
    """
    options.approach = options.approach or list(COMPARISONS)
    options.architecture = options.architecture or ["resnet50"]
    specs = without_repetitions(plan_runs(options, experiment, lambda approach: variants(options, approach), DEMO))
    if options.explain:
        print(explain([spec.recipe for spec in specs]))
        return
    say_notes(specs, options)
    collection = open_collection(options, DEMO)
    parts = []
    for preset in dict.fromkeys(spec.recipe.split for spec in specs):
        chosen = [spec for spec in specs if spec.recipe.split == preset]
        opening = partial(open_experiment, options, DEMO, preset)
        data = split_data(options, collection, preset)
        check_sources(chosen, data, options)
        parts.append(Part(chosen, data, run_one, opening))
    folder = Path(options.output, experiment, options.challenge)
    do_parts(parts, options, check_all_weights, lambda: write_report(specs, folder))


def variants(options, approach):
    """The baseline and the comparisons of an approach, as Variants."""
    texts = dict.fromkeys(options.compare or COMPARISONS.get(approach, ()))
    return [Variant(BASELINE, options.recipe, {}), *(read_comparison(text, options.recipe) for text in texts)]


def without_repetitions(specs):
    """The specs without those whose settings are the baseline's own."""
    same = {(spec.architecture, spec.seed, str(spec.recipe.settings())) for spec in specs if spec.variant == BASELINE}
    return [
        spec
        for spec in specs
        if spec.variant == BASELINE or (spec.architecture, spec.seed, str(spec.recipe.settings())) not in same
    ]


def read_comparison(text, recipe):
    """A Variant from a recipe's name, an era, or settings such as "features=every-step,numerics=2.1.6".

    Arguments:
        text: the comparison.
        recipe: the baseline's recipe.

    Raises InputError for anything else.
    """
    if text in RECIPES:
        return Variant(text, text, {}, deliberate=True)
    if text in ERAS:
        return Variant(text, recipe, {"numerics": text}, deliberate=True)
    if "=" not in text:
        raise InputError(
            f"compare={text!r} is no recipe ({', '.join(RECIPES)}), no era ({', '.join(ERAS)}) and no NAME=VALUE"
        )
    return Variant(text, recipe, read_assignments(text.split(",")), deliberate=True)


def write_report(specs, folder):
    """Write the table as CSV and Markdown beside the runs, and print it; nothing while runs are missing."""
    if not all(spec.folder.is_complete for spec in specs):
        return
    table = ablation_table([(spec.variant, spec.folder) for spec in specs], BASELINE)
    make_folder(folder, "output")
    write_table(folder / "fidelity.csv", table)
    text = ablation_markdown(table)
    with whole_file(folder / "fidelity.md") as file:
        file.write(text + "\n")
    print(f"\n{text}\n\n(also in {folder / 'fidelity.csv'} and {folder / 'fidelity.md'})")
