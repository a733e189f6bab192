"""English words, usual and unusual, in American and British spelling.

A model's vocabulary lists only usual words. Without a dictionary two thirds of the marks in correct
prose were words such as "receding" or "unfavourable" that were taken for slips (training/LOG.md).
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGE, LIST = "symspellpy", "frequency_dictionary_en_82_765.txt"
"""A word and its frequency a line, from Google's n-grams and SCOWL."""


@cache
def english_words() -> frozenset[str]:
    """In lower case; none where the package was taken away. Takes a moment the first time."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        return frozenset()
    # The package is not imported: it would set up logging.
    lines = Path(found.origin).with_name(LIST).read_text("utf-8-sig").splitlines()
    return frozenset(line.split(" ", 1)[0] for line in lines)
