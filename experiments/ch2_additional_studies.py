"""Chapter 2, Figure 9: final weights against tickets, tickets of a related source, and of parts of a training set.

python experiments/ch2_additional_studies.py --study final-weights --target human-lba --data human-lba --split own
python experiments/ch2_additional_studies.py --study related-source --target mouse-lba --data mouse-lba
"""

from dataclasses import replace

from ch2_find_tickets import PROTOCOL, SETTINGS, search
from ch2_transfer_tickets import train

from arttl.cli import run_main
from arttl.cli.ticket_parsers import check_study, studies_parser


def main(options):
    from arttl.lottery import SizeStudy, TicketStudy, study_lines

    check_study(options)
    study, method = TicketStudy.from_options(options, settings=SETTINGS), train
    if options.study == "training-size":  # Figure 9c: searches on 100, 75, 50, 25% of the target's own images
        study, method = SizeStudy.of(study, options.fraction or (), protocol=PROTOCOL), search
    else:
        lines = study_lines(options.study, study.dataset, options.source or (), options.data is None)
        study = replace(study, lines=lines)
    if options.explain:
        print(study.explain())
    if options.dry_run or not options.explain:
        study.do(method)


if __name__ == "__main__":
    run_main(main, studies_parser(__doc__.split("\n")[0]))
