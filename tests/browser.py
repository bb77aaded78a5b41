"""A headless Chromium for tests, wherever one is."""

import os
import shutil
from pathlib import Path

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
