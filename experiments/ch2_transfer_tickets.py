"""Chapter 2, steps 4 and 5: train tickets on a target, beside their baselines (Table 5, Figure 8).

python experiments/ch2_transfer_tickets.py --source fashion-mnist
python experiments/ch2_transfer_tickets.py --target human-lba --data human-lba --split own --seed 1 2 3 4
"""

from ch2_find_tickets import SETTINGS

from arttl.cli import run_main
from arttl.cli.ticket_parsers import transfer_parser


def train(run, trainee, weights, masks, images):
    """Train to early stopping from a ticket's weights, its masks held in every step; test the best epoch."""
    from arttl.training import Recalibrate, predict

    recipe = run.recipe
    training, validation = images.training(recipe, run.seed), images.validation(recipe)
    callbacks = [trainee.start(weights, masks)]  # θ_k under its masks, and a new head
    if run.spec.batchnorm.recalibrate:  # not the thesis': its statistics are moving averages
        callbacks.append(Recalibrate(training))
    progress = run.train(trainee.model, training, validation, callbacks=callbacks)
    scores = predict(trainee.model, images.test(recipe, trainee.network.executed_at_once))
    return run.outcome(progress, scores, ("val_loss", "val_accuracy"))


def main(options):
    from arttl.lottery import TicketStudy

    study = TicketStudy.from_options(options, settings=SETTINGS)
    study = study.comparing(options.source or (), options.fraction, options.start, options.baselines)
    if options.explain:
        print(study.explain())
    if options.dry_run or not options.explain:
        study.do(train)


if __name__ == "__main__":
    run_main(main, transfer_parser(__doc__.split("\n")[0]))
