"""Deviations as records: written beside their lines, read again, and those of runs of before."""

import json

from arttl.base.deviation import Deviation, changed, inherited, other_weights, recalled, recorded


def test_records_are_written_beside_the_lines_and_come_back():
    found = [
        changed("optimizer.learning_rate", 0.01, 0.001),
        Deviation("split.grouped", "duplicates are kept in one part", True, False),
        other_weights("/home/ana/w.keras"),
    ]
    config = json.loads(json.dumps(recorded(found)))
    assert config["deviations"] == [
        "optimizer.learning_rate is 0.01, not 0.001",
        "duplicates are kept in one part",
        "starts from /home/ana/w.keras weights, not ImageNet's",
    ]
    assert recalled(config) == found
    assert recalled({"departures": [config["departures"][0] | {"of another version": 1}]}) == found[:1]


def test_what_a_run_takes_over_names_the_run_that_brings_it():
    first = recorded([changed("image_size", 32, 224)])
    second = recorded(inherited(first, "the source"))
    assert second["deviations"] == ["the source: image_size is 32, not 224"]
    assert inherited(second, "the search")[0].text == "the search: the source: image_size is 32, not 224"


def test_runs_of_before_the_records_have_lines_alone():
    lines = [
        "image size is 32, not 224",
        "starts from /a: b/w.keras weights, not ImageNet's",
        "the source: starts from /c/v.h5 weights, not ImageNet's",
    ]
    found = recalled({"deviations": lines})
    assert [each.text for each in found] == lines
    assert [(each.setting, each.here, each.of) for each in found] == [
        ("", None, ""),
        ("weights", "/a: b/w.keras", ""),
        ("weights", "/c/v.h5", "the source"),
    ]
