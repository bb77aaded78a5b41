"""Chapter 1: where the networks look, before and after fine-tuning (Figure 4, VisualBackProp).

python experiments/ch1_rijks.py --challenge artist --approach off-the-shelf fine-tuning
python experiments/ch1_saliency.py --challenge artist
python experiments/ch1_saliency.py --challenge artist --data rijks2014 --architecture vgg19 --method grad-cam
"""

from arttl.cli import run_main
from arttl.cli.parsers import saliency_parser


def main(options):
    from arttl.transfer.saliency import SaliencyStudy

    study = SaliencyStudy.from_options(options)
    study.list() if options.dry_run else study.draw()


if __name__ == "__main__":
    run_main(main, saliency_parser(__doc__.split("\n")[0], ["material", "type", "artist"]))
