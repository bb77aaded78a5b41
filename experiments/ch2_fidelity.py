"""Chapter 2: which of the choices that the thesis leaves open gives its curves (an ablation of the search for tickets).

python experiments/ch2_fidelity.py
python experiments/ch2_fidelity.py --source cifar10 --data cifar-10-jpeg.zip --network resnet20 --fraction 0.1
python experiments/ch2_fidelity.py --compare scope=global initial=he_uniform,scope=global
"""

from ch2_find_tickets import PROTOCOL, SETTINGS, search

from arttl.cli import run_main
from arttl.cli.ticket_parsers import fidelity_parser


def main(options):
    from arttl.lottery import SearchStudy
    from arttl.lottery.fidelity import DEMO, FOLDER, do_fidelity

    study = SearchStudy.from_options(options, settings=SETTINGS, protocol=PROTOCOL, folder=FOLDER, demo=DEMO)
    if options.explain:
        print(study.explain())
    else:
        do_fidelity(study, search, options.compare or ())


if __name__ == "__main__":
    run_main(main, fidelity_parser(__doc__.split("\n")[0]))
