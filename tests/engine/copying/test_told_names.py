"""Names that the text around tells: of an assignment like the one above, and of the diff below a
commit message."""

import pytest

from engine.copying.from_diff import from_diff
from engine.copying.named_alike import named_alike
from engine.copying.span_context import SpanContext

HEAD = "def __init__(self, width, height, depth):\n"
DIFF = """
# Changes to be committed:
diff --git a/invoice.py b/invoice.py
--- a/invoice.py
+++ b/invoice.py
@@ -1,4 +1,5 @@
 def invoice_total(prices, discount_rate):
-    return sum(prices)
+    subtotal = sum(prices)
"""


def told(find, text):
    at = text.index("\u2038")
    text = text.replace("\u2038", "")
    found = find(SpanContext.of(text, at, at))
    return None if found is None else found[0]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (HEAD + "    self.width = width\n    self.height = \u2038\n", "height"),
        (HEAD + "    self.width = width\n    self.height = \u2038", "height"),
        ("f(width, height)\nreturn { width: width,\n height: \u2038,\n }", "height"),
        (HEAD + "    self.width = width\n    self.color = \u2038\n", None),
        (HEAD + "    self.width = 3\n    self.height = \u2038\n", None),
        (HEAD + "    self.width = width\n    self.height = \u2038 + 1\n", None),
    ],
)
def test_what_is_named_like_its_target_is_known(text, name):
    assert told(named_alike, text) == name


@pytest.mark.parametrize(
    ("message", "rest"),
    [
        ("The function invoice_\u2038\n", "total"),
        ("Use discount\u2038 here\n", "_rate"),
        ("sub\u2038\n", "total"),
        ("su\u2038\n", None),
        ("The function \u2038\n", None),
        ("pri\u2038ces\n", None),
        ("other\u2038\n", None),
    ],
)
def test_a_commit_message_completes_the_names_of_its_diff(message, rest):
    assert told(from_diff, message + DIFF) == rest


def test_without_a_diff_nothing_is_told():
    assert told(from_diff, "invoice_\u2038\ninvoice_total\n") is None
