"""Texts made to be slow: the patterns over a user's text cost time in proportion to its length.

Each is measured at two lengths, eight times apart, in processor time of this process. A quadratic
pattern would take sixty-four times as long, an exponential one would not end.
"""

import time

import pytest

from engine.request.blank_markers import find_blanks

HOSTILE = {
    "many quoted options": lambda n: "<fill " + 'a="x" ' * (n // 6) + "!",
    "many plain options": lambda n: "<fill " + "a=x " * (n // 4) + "!",
    "no closing quote": lambda n: '<fill a="' * (n // 9),
    "tags in values": lambda n: "<fill a=<fill " * (n // 14),
    "quotes that open and close": lambda n: '<fill a=" <fill a=" a=" ' * (n // 24),
    "blanks in a tag": lambda n: "<fill" + " " * n,
    "an endless key": lambda n: "<fill " + "k" * n,
    "tags and blanks": lambda n: "<fill   " * (n // 8),
    "empty values": lambda n: "<fill " + "a= " * (n // 3) + "<",
    "underscores": lambda n: "_" * n + "a",
    "blanks on one line": lambda n: "___ " * (n // 4),
    "lambdas": lambda n: ("lambda " * 50 + "= ___ ") * (n // 356),
    "parameters": lambda n: ("def f(" + "a=b," * 90 + " ___ ") * (n // 371),
    "targets": lambda n: (" " * 390 + "! ___ ") * (n // 396),
    "for": lambda n: ("async for " * 39 + "___ ") * (n // 394),
}


def seconds(work):
    """Processor time, the least of three."""
    found = []
    for _ in range(3):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


@pytest.mark.parametrize("language", ["python", "markdown"])
@pytest.mark.parametrize("name", HOSTILE)
def test_markers_are_found_in_linear_time(name, language):
    small, large = HOSTILE[name](6_000), HOSTILE[name](48_000)
    once = max(0.001, seconds(lambda: find_blanks(small, language)))
    assert seconds(lambda: find_blanks(large, language)) < 32 * once
