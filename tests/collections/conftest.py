"""A download of WikiArt as its authors have it, of empty files."""

import pytest
from cut_downloads import SIZES, STYLES, write_lists


@pytest.fixture(scope="session")
def rows():
    return [
        (f"Style_{(artist + work) % STYLES}/artist-{artist}_work-{work}.jpg", artist, (artist + work) % STYLES)
        for artist, size in enumerate(SIZES)
        for work in range(size)
    ]


@pytest.fixture(scope="session")
def wikiart(tmp_path_factory, rows):
    data = tmp_path_factory.mktemp("downloads") / "wikiart"
    for style in range(STYLES):
        (data / "wikiart" / f"Style_{style}").mkdir(parents=True)
    for file, _, _ in rows:
        (data / "wikiart" / file).touch()
    write_lists(data / "wikiart_csv", rows)
    return data
