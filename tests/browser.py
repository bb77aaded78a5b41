"""A headless Chromium for tests, wherever one is."""

import os
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WITHOUT = "no Chromium: tools/get_chromium.sh fetches one, or $ARTTL_CHROMIUM names one"


def find_chromium():
    """Path of a Chromium: $ARTTL_CHROMIUM, one in $PATH, or what tools/get_chromium.sh fetched; None without."""
    named = os.environ.get("ARTTL_CHROMIUM")
    if named:
        return named
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "arttl-chromium")
    fetched = sorted(str(path) for path in cache.glob("*.*/chromium"))
    return next(filter(None, map(shutil.which, NAMES)), None) or (fetched[-1] if fetched else None)


CHROMIUM = find_chromium()


@contextmanager
def launched():
    """A browser, closed in the end; without playwright the test is skipped."""
    api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install '.[test]'")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opener(browser, file):
    """Gives a function that opens a page at a window's width; what it complains of and asks for are lists of it."""
    with ExitStack() as contexts:

        def at(width=1280, **options):
            context = browser.new_context(viewport={"width": width, "height": 740}, **options)
            contexts.callback(context.close)
            page = context.new_page()
            page.complaints, page.requests = [], []
            page.on("console", lambda message: page.complaints.append(message.text))
            page.on("pageerror", lambda error: page.complaints.append(str(error)))
            page.on("dialog", lambda dialog: (page.complaints.append(dialog.message), dialog.dismiss()))
            page.on("request", lambda request: page.requests.append(request.url))
            page.goto(file.as_uri())
            page.set_default_timeout(60_000)
            return page

        yield at


def luminance(colour):
    """Relative luminance of "rgb(r, g, b)" (WCAG 2.1)."""
    channels = [int(part) / 255 for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
