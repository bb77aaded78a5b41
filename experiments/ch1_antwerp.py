"""Chapter 1, Antwerp: from one art collection to another, against from ImageNet (Table 3).

python experiments/ch1_rijks.py --challenge type --approach fine-tuning
python experiments/ch1_antwerp.py --challenge type
python experiments/ch1_antwerp.py --challenge artist --data antwerp --architecture resnet50 --source-runs runs/ch1/rijks
"""

from functools import partial

from ch1_rijks import NETWORKS, SETTINGS, method, network

from arttl.cli import run_main
from arttl.cli.parsers import transfer_parser

CHALLENGES = ("type", "artist")  # section 1.3.2: Antwerp's records name no material
APPROACHES = ("off-the-shelf", "fine-tuning")
SOURCES = ("imagenet", "rijks")  # θ^i, and θ^r: the network that was fine-tuned on the Rijksmuseum's challenge


def main(options):
    from arttl.transfer import TransferStudy
    from arttl.transfer.second import DEMO, source_variants

    sources = tuple(dict.fromkeys(options.source or SOURCES))
    study = TransferStudy.from_options(
        options,
        "ch1/antwerp",
        DEMO,
        networks=NETWORKS,
        approaches=APPROACHES,
        settings=SETTINGS,
        variants=partial(source_variants, sources, options.source_runs, options.source_seed),
    )
    print(study.explain()) if options.explain else study.do(network, method)


if __name__ == "__main__":
    run_main(main, transfer_parser(__doc__.split("\n")[0], CHALLENGES))
