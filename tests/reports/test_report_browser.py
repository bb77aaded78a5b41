"""The report's page in a real headless Chromium: mouse, keyboard, a phone's width, hostile labels, no network."""

import pytest
from browser import CHROMIUM, WITHOUT, launched, luminance, opener
from report_runs import report, write_run

from arttl.collections import bundled

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WITHOUT)

HOSTILE = '<script>document.title = "owned"</script>'
IMAGE = '"><img src=https://example.org/x.png onerror="document.title = 1">'
LONG = "W" * 300
RIGHT = {"vgg19": 5, "xception": 9, "inception_v3": 10, "resnet50": 7}  # of ten; as text "100.00" would come first


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    """A report with four architectures of type, mistakes with pictures, and a run with hostile and endless labels."""
    root = tmp_path_factory.mktemp("runs")
    for architecture, right in RIGHT.items():
        write_run(root, architecture=architecture, right=right, deviations=[HOSTILE])
    labels = bundled("clipart-a").labels("artist")
    wrong = [HOSTILE, IMAGE, LONG, "نقش", "plain"]
    rows = [(name, label, wrong[n % 5], 0.9 - n / 100) for n, (name, label) in enumerate(labels.head(12).items())]
    write_run(root, challenge="artist", predictions=rows, approach="off-the-shelf", settings={"note": LONG})
    assert report(root) == 0
    return root / "report" / "index.html"


@pytest.fixture(scope="module")
def chromium():
    with launched() as browser:
        yield browser


@pytest.fixture
def opened(chromium, page_file):
    """A function that opens the report at a window's width; a page with `complaints` and `requests`."""
    with opener(chromium, page_file) as at:
        yield at


def column_of(page, label):
    """Texts of a column of Table 2, from top to bottom, and its header."""
    header = page.locator("#table2 th", has=page.get_by_role("button", name=label, exact=True))
    place = header.evaluate("header => header.cellIndex")
    return page.locator(f"#table2 tbody tr td:nth-child({place + 1})").all_inner_texts(), header


def models(page, count=4):
    return page.locator("#table2 tbody tr td:nth-child(2)").all_inner_texts()[:count]


@pytest.mark.slow
def test_it_loads_without_complaints_and_without_a_network(opened, page_file):
    page = opened()
    page.wait_for_load_state("networkidle")
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("data:")] == [page_file.as_uri()]
    pictures = page.locator("img").evaluate_all("all => all.map(image => image.complete && image.naturalWidth)")
    assert len(pictures) > 10
    assert all(pictures)


def test_a_click_on_a_header_sorts_and_a_second_one_turns_it_round(opened):
    page = opened()
    button = page.locator("#table2").get_by_role("button", name="fine tuning: value", exact=True)
    before, header = column_of(page, "fine tuning: value")
    assert header.get_attribute("aria-sort") == "none"
    button.click()
    after, header = column_of(page, "fine tuning: value")
    assert header.get_attribute("aria-sort") == "ascending"
    assert [text.rstrip("*") for text in after[:4]] == ["50.00", "70.00", "90.00", "100.00"]
    assert set(after[4:]) == {""}  # empty cells stay last
    assert models(page) == ["VGG19", "ResNet50", "Xception", "InceptionV3"]
    button.click()
    after, header = column_of(page, "fine tuning: value")
    assert header.get_attribute("aria-sort") == "descending"
    assert [text.rstrip("*") for text in after[:4]] == ["100.00", "90.00", "70.00", "50.00"]
    assert set(after[4:]) == {""}
    assert sorted(before) == sorted(after)
    page.locator("#table2").get_by_role("button", name="model", exact=True).click()
    assert models(page, 12) == sorted(models(page, 12))
    assert header.get_attribute("aria-sort") == "none"
    assert page.locator("#table2 th[aria-sort=ascending]").count() == 1


def test_the_keyboard_alone_sorts(opened):
    page = opened()
    page.locator("#thesis > summary").focus()
    button = page.locator("#table2").get_by_role("button", name="fine tuning: value", exact=True)
    for _ in range(120):
        if button.evaluate("button => button === document.activeElement"):
            break
        page.keyboard.press("Tab")
    assert button.evaluate("button => button.matches(':focus-visible')")
    assert button.evaluate("button => getComputedStyle(button).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert models(page) == ["VGG19", "ResNet50", "Xception", "InceptionV3"]
    page.keyboard.press("Space")
    assert models(page) == ["InceptionV3", "Xception", "ResNet50", "VGG19"]
    assert column_of(page, "fine tuning: value")[1].get_attribute("aria-sort") == "descending"


def test_best_and_second_best_look_it(opened):
    page = opened()
    assert page.locator("#table2 td:nth-child(7) strong").all_inner_texts() == ["100.00"]
    assert page.locator("#table2 td:nth-child(7) u").all_inner_texts() == ["90.00"]


def gallery(page):
    """The folded-out gallery of the run with pictures, and what the dialog says."""
    details = page.locator("#results-clipart-a-artist details.part")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    return details.locator(".thumbnail"), page.locator("#viewer-text")


def test_a_picture_opens_arrows_move_escape_closes_and_the_focus_returns(opened):
    page = opened()
    thumbnails, text = gallery(page)
    thumbnails.nth(1).focus()
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog")
    assert viewer.is_visible()
    source = page.locator("#viewer-picture img")
    addresses = thumbnails.locator("img").evaluate_all("all => all.map(image => image.src)")
    assert len(addresses) == 12
    assert "(2 of 12)" in text.inner_text()
    for key, place in (("ArrowRight", 2), ("ArrowLeft", 1), ("ArrowLeft", 0), ("ArrowLeft", 11), ("ArrowRight", 0)):
        page.keyboard.press(key)
        assert f"({place + 1} of 12)" in text.inner_text()
        assert source.get_attribute("src") == addresses[place]
    for _ in range(6):  # the focus cannot leave the dialog for the page behind
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement.closest('dialog') !== null || document.activeElement === document.body"
        )
    page.keyboard.press("Escape")
    assert not viewer.is_visible()
    assert thumbnails.nth(1).evaluate("button => button === document.activeElement")
    assert page.complaints == []


def test_a_picture_opens_and_closes_by_mouse(opened):
    page = opened()
    thumbnails, text = gallery(page)
    thumbnails.nth(0).click()
    page.get_by_role("button", name="Next").click()
    assert "(2 of 12)" in text.inner_text()
    page.get_by_role("button", name="Previous").click()
    assert "(1 of 12)" in text.inner_text()
    page.get_by_role("button", name="Close").click()
    assert not page.get_by_role("dialog").is_visible()
    thumbnails.nth(0).click()
    page.mouse.click(5, 5)  # beside it
    assert not page.get_by_role("dialog").is_visible()


@pytest.mark.parametrize("width", [360, 320])
def test_on_a_phone_only_tables_scroll_sideways(opened, width):
    page = opened(width, has_touch=True, is_mobile=True)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("innerWidth") == width  # the page was not laid out wider and then shrunk
    container = page.locator("#table2 .scroll")
    assert container.evaluate("each => each.scrollWidth > each.clientWidth")
    container.evaluate("each => { each.scrollLeft = 200; }")
    assert container.evaluate("each => each.scrollLeft") == 200
    gallery(page)[0].nth(2).tap()
    box = page.get_by_role("dialog").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_hostile_labels_are_shown_as_text_and_do_nothing(opened):
    page = opened()
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    thumbnails, text = gallery(page)
    for number, label in enumerate((HOSTILE, IMAGE, LONG, "نقش")):
        assert label in thumbnails.nth(number).inner_text()
        thumbnails.nth(number).click()
        assert label in text.inner_text()
        page.keyboard.press("Escape")
    assert HOSTILE in page.locator("#table2-deviations").inner_text()
    assert page.title() == "Results: clipart-a"
    assert page.complaints == []
    assert not [url for url in page.requests if "example.org" in url]


def test_the_policy_stops_what_escaping_might_miss(opened):
    """The Content Security Policy by itself: a script and a picture put into the page do nothing."""
    page = opened()
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'owned'";
            const picture = document.createElement("img");
            picture.src = "https://example.org/x.png";
            document.body.append(script, picture);
        }"""
    )
    page.wait_for_timeout(200)
    assert page.title() != "owned"
    assert len([line for line in page.complaints if "Content Security Policy" in line]) == 2


def test_settings_and_departures_unfold_on_demand(opened):
    page = opened()
    departures = page.locator("#table2-deviations")
    assert departures.get_attribute("open") is None
    page.locator("#table2 .star").first.click()
    assert departures.get_attribute("open") is not None
    departures.locator("summary").click()
    page.locator("#table2 .star").first.click()  # a second time too
    assert departures.get_attribute("open") is not None
    run = page.locator("#settings details").first
    assert not run.locator("table").is_visible()
    run.locator("summary").focus()
    page.keyboard.press("Enter")
    assert run.locator("table").is_visible()
    assert "settings.recipe.max_epochs" in run.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(opened, scheme):
    """WCAG 2.1, 1.4.3: a contrast of at least 4.5 of text, faint text and links to the page."""
    page = opened(color_scheme=scheme)
    colours = page.evaluate(
        """() => ["body", ".note", "nav a", ".warning", ".caption"]
            .map(name => getComputedStyle(document.querySelector(name)).color)
            .concat(getComputedStyle(document.body).backgroundColor)"""
    )
    *texts, paper = (luminance(colour) for colour in colours)
    assert (paper > 0.5) == (scheme == "light")
    for text in texts:
        assert (max(text, paper) + 0.05) / (min(text, paper) + 0.05) >= 4.5


@pytest.mark.parametrize("size", [(1400, 900), (390, 844)])
def test_the_first_screen_has_the_collection_the_best_result_and_the_majority_class(opened, size):
    page = opened(size[0])
    page.set_viewport_size({"width": size[0], "height": size[1]})
    section = page.locator("section.own").first
    assert section.locator("h2").inner_text() == "clipart-a: type"
    assert section.locator(".card strong").all_inner_texts() == ["100.0%", "50.0%"]
    assert "InceptionV3 fine tuning" in section.locator(".card").first.inner_text()
    for card in section.locator(".card").all():
        box = card.bounding_box()
        assert box["y"] + box["height"] < size[1]  # seen without scrolling


def test_a_wide_table_says_that_it_scrolls_and_its_names_stay(opened):
    page = opened(390, has_touch=True, is_mobile=True)
    wide = page.locator("section.own .wide", has=page.get_by_role("button", name="test accuracy (%)")).first
    scroll, name = wide.locator(".scroll"), wide.locator("td.name").first
    wide.scroll_into_view_if_needed()
    assert wide.evaluate("each => each.matches('.scrolls.more')")
    left = name.bounding_box()["x"]
    scroll.evaluate("each => { each.scrollLeft = each.scrollWidth; }")
    # Waits without evaluating text in the page, which its Content Security Policy refuses from the second look on.
    page.locator("section.own .wide.scrolls:not(.more)").first.wait_for(state="attached")
    assert name.bounding_box()["x"] == left
    assert name.bounding_box()["width"] < 390 / 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_plots_are_dark_where_the_page_is_and_photographs_are_left_alone(opened, scheme):
    page = opened(color_scheme=scheme)
    filters = page.evaluate("[...document.querySelectorAll('.plot')].map(each => getComputedStyle(each).filter)")
    assert {each != "none" for each in filters} == {scheme == "dark"}
    assert page.locator(".photograph").first.evaluate("each => getComputedStyle(each).filter") == "none"


def test_the_best_is_unfolded_and_the_thesis_can_be_folded(opened):
    page = opened()
    parts = page.locator("#results-clipart-a-type details.part")
    assert parts.count() == 4
    assert [part.get_attribute("open") is not None for part in parts.all()] == [True, False, False, False]
    assert page.locator("#table2").is_visible()
    page.locator("#thesis > summary").click()
    assert not page.locator("#table2").is_visible()
