"""Names for files and folders out of any text: labels, collections and pictures come with names of all kinds."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LONGEST = 100  # bytes, so that a number and a suffix always fit what file systems take

_ODD = re.compile(r"[^\w .,'()&+-]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])(\..*)?", re.IGNORECASE | re.DOTALL)


def safe_name(text):
    """A name for a file or folder on any system: letters of every script stay; what is odd goes, with a hash added.

    Different texts have different names, which may still differ in case alone (see distinct_names).
    """
    text = str(text)
    plain = _ODD.sub("-", unicodedata.normalize("NFC", text)).strip(" .-")
    plain = plain.encode()[:LONGEST].decode(errors="ignore").strip(" .-")
    plain = f"_{plain}" if is_reserved(plain) else plain
    if plain and plain == text:
        return plain
    return f"{plain[:60] or 'name'}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def is_reserved(name):
    """Whether Windows keeps a name for a device, whatever its case and what is behind a dot: "con", "aux.txt"."""
    return bool(_RESERVED.fullmatch(name))


def distinct_names(wanted):
    """Names that differ in more than case: later ones get a number.

    Arguments:
        wanted: dict of key to (stem, suffix), both safe; the order of the keys is that of the numbers.

    Returns a dict of key to name.
    """
    used, names = set(), {}
    for key, (stem, suffix) in wanted.items():
        name, number = stem + suffix, 1
        while name.casefold() in used:
            number += 1
            name = f"{stem}-{number}{suffix}"
        used.add(name.casefold())
        names[key] = name
    return names
