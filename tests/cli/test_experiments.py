"""The settings that the experiments' scripts show are the thesis'; and what a reader changes there counts."""

from dataclasses import replace

import ch1_rijks
import ch2_find_tickets

from arttl.collections import Reading
from arttl.lottery import SearchStudy, SourceSettings
from arttl.pruning import SearchSettings
from arttl.published.chapter1 import ARCHITECTURES
from arttl.recipes import APPROACHES, get_recipe, tickets
from arttl.transfer import DataSettings, TransferStudy


def test_chapter_1_shows_the_settings_of_the_thesis():
    assert set(ch1_rijks.SETTINGS) == set(APPROACHES)
    for approach, settings in ch1_rijks.SETTINGS.items():
        recipe = get_recipe("thesis", approach)
        assert recipe.changed(settings) == recipe
    assert set(ch1_rijks.NETWORKS) == set(ARCHITECTURES)


def test_chapter_2_shows_the_settings_of_the_appendix():
    assert tickets().changed(ch2_find_tickets.SETTINGS) == tickets()
    assert SearchSettings(**ch2_find_tickets.PROTOCOL) == SearchSettings()


def test_a_line_that_a_reader_changes_is_what_is_trained_by_and_options_come_after_it(tmp_path):
    settings = {"off-the-shelf": {"optimizer.learning_rate": 0.5, "patience": 3}}
    study = TransferStudy(
        "ch1/rijks",
        "type",
        DataSettings(Reading(tmp_path)),
        networks=("vgg19",),
        approaches=("off-the-shelf",),
        settings=settings,
        changes={"patience": "1"},
    )
    (run,) = study.runs()
    assert (run.recipe.optimizer["learning_rate"], run.recipe.patience) == (0.5, 1)
    (today,) = replace(study, recipe="keras3").runs()  # of another preset the script's lines are not
    assert (today.recipe.optimizer["learning_rate"], today.recipe.patience) == (0.001, 1)


def test_so_in_chapter_2():
    given = {"settings": {"optimizer.learning_rate": 0.3}, "protocol": {"rate": 0.5, "rounds": 4}}
    (run,) = SearchStudy("cifar10", SourceSettings(None), search={"rounds": 2}, **given).runs()
    assert (run.recipe.optimizer["learning_rate"], run.search.rate, run.search.rounds) == (0.3, 0.5, 2)
    (run,) = SearchStudy("cifar10", SourceSettings(None), preset="first-release", **given).runs()
    assert (run.recipe.optimizer["learning_rate"], run.search.rate, run.search.rounds) == (0.01, 0.2, 31)
