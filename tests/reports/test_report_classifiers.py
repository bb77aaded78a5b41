"""The table of classifiers on X, from run folders written by hand."""

import pandas as pd
from report_runs import report, row_of, write_run

from arttl.reports.classifiers import CLASSIFIERS, classifiers_table
from arttl.reports.collect import collect_runs


def test_classifiers_stand_beside_the_softmax_layer_and_in_no_other_table(tmp_path):
    write_run(tmp_path, approach="off-the-shelf", right=6)
    for seed, right in ((1, 7), (2, 9)):
        write_run(tmp_path, approach="off-the-shelf", classifier="linear-svm", seed=seed, right=right)
    write_run(tmp_path, approach="off-the-shelf", classifier="random-forest", right=5, metrics={"epochs": None})
    write_run(tmp_path, approach="fine-tuning", right=10)
    collected = collect_runs(tmp_path)
    assert sorted(collected.runs.approach) == ["fine-tuning", "off-the-shelf"]
    assert len(collected.classical) == 3
    table = classifiers_table(collected)
    row = row_of(table, "clipart-a", "type", "ResNet50")
    # 6 of 10 right: Wilson's interval as R's binom.wilson gives it; 70% and 90%: mean 80, sample deviation 14.14
    assert row[3:] == ["60.00", "[31.3, 83.2]", "80.00", "± 14.14 (2 seeds)", "", "", "50.00", "[23.7, 76.3]"]
    assert [cell.mark for cell in table.rows[0] if cell.mark] == ["second", "best"]
    assert report(tmp_path) == 0
    written = pd.read_csv(tmp_path / "report" / "classifiers.csv")
    assert written.classifier.tolist() == ["softmax", "linear-svm", "random-forest"]
    page = (tmp_path / "report" / "index.html").read_text()
    assert "linear SVM" in page
    assert "left empty" not in page


def test_runs_of_other_settings_are_not_averaged(tmp_path):
    for seed, size in ((1, 64), (2, 96)):
        write_run(tmp_path, approach="off-the-shelf", classifier="rbf-svm", seed=seed, settings={"image_size": size})
    table = classifiers_table(collect_runs(tmp_path))
    assert [cell.text for cell in table.rows[0][3:]] == [""] * 2 * len(CLASSIFIERS)
    assert "differ in image_size" in table.warnings[0]


def test_without_other_classifiers_there_are_no_rows(tmp_path):
    write_run(tmp_path, approach="off-the-shelf")
    assert classifiers_table(collect_runs(tmp_path)).rows == []
