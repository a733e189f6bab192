"""English words, usual and unusual, in American and British spelling.

A model's vocabulary lists only usual words. Without a dictionary half of the marks in correct prose
were words such as "receding" or "unfavourable" that were taken for slips (training/LOG.md).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

LIST = "frequency_dictionary_en_82_765.txt"
"""Of symspellpy: a word and its frequency a line, from Google's n-grams and SCOWL."""


@cache
def english_words() -> frozenset[str]:
    """In lower case."""
    lines = (files("symspellpy") / LIST).read_text("utf-8-sig").splitlines()
    return frozenset(line.split(" ", 1)[0] for line in lines)
