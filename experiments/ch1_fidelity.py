"""Chapter 1: what each departure from the thesis' settings is worth in test accuracy (an ablation of Table 2).

python experiments/ch1_fidelity.py --challenge type
python experiments/ch1_fidelity.py --challenge artist --data rijks2014 --architecture resnet50 vgg19 --seed 1 2 3
python experiments/ch1_fidelity.py --challenge type --approach off-the-shelf --compare 2.2.4 preprocessing=imagenet
"""

from functools import partial

from ch1_rijks import CHALLENGES, SETTINGS, method, network

from arttl.cli import run_main
from arttl.cli.parsers import fidelity_parser

NETWORKS = ("resnet50",)
APPROACHES = ("off-the-shelf", "fine-tuning")  # each has departures of its own: arttl.transfer.fidelity.COMPARISONS


def main(options):
    from arttl.transfer import TransferStudy
    from arttl.transfer.fidelity import DEMO, comparison_variants, write_report

    study = TransferStudy.from_options(
        options,
        "ch1/fidelity",
        DEMO,
        networks=NETWORKS,
        approaches=APPROACHES,
        settings=SETTINGS,
        variants=partial(comparison_variants, tuple(options.compare or ())),
    )
    if options.explain:
        print(study.explain())
    else:
        study.do(network, method, partial(write_report, study.folder))


if __name__ == "__main__":
    run_main(main, fidelity_parser(__doc__.split("\n")[0], CHALLENGES))
