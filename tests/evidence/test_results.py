"""The page of results says what the tables beside it say."""

from write_results import FOLDER, text


def test_the_page_is_made_from_its_tables():
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == text(FOLDER)
