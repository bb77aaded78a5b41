"""What each departure from the thesis' settings is worth: the same runs under other recipes, eras and settings."""

from __future__ import annotations

from arttl.base.errors import InputError
from arttl.base.files import make_folder, whole_file, write_table
from arttl.recipes import RECIPES
from arttl.recipes.eras import ERAS
from arttl.recipes.overrides import read_assignments
from arttl.reports.ablation import ablation_markdown, ablation_table
from arttl.transfer.plan import Demo, Variant

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


def comparison_variants(compare, study, approach):
    """The baseline and the comparisons of an approach, as Variants; those that are the baseline itself are left out.

    Arguments:
        compare: texts as of COMPARISONS; empty for those.
        study: the TransferStudy.
        approach: of arttl.recipes.APPROACHES.
    """
    texts = dict.fromkeys(compare or COMPARISONS.get(approach, ()))
    return [Variant(BASELINE, study.recipe, {}), *(read_comparison(text, study.recipe) for text in texts)]


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


def write_report(folder, specs):
    """Write the table as CSV and Markdown beside the runs, and print it; nothing while runs are missing.

    Arguments:
        folder: of the study.
        specs: its RunSpecs.
    """
    if not all(spec.folder.is_complete for spec in specs):
        return
    table = ablation_table([(spec.variant, spec.folder) for spec in specs], BASELINE)
    make_folder(folder, "output")
    write_table(folder / "fidelity.csv", table)
    text = ablation_markdown(table)
    with whole_file(folder / "fidelity.md") as file:
        file.write(text + "\n")
    print(f"\n{text}\n\n(also in {folder / 'fidelity.csv'} and {folder / 'fidelity.md'})")
