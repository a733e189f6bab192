"""Syntactic pieces of a program as ranges: what a person deletes and writes again (a call, a
condition, a block).

tree-sitter reads fragments too, so a window cut out of a file is fine.
"""

from __future__ import annotations

from engine.text.syntax import parser

_PIECES = frozenset(
    """argument_list assignment block boolean_operator call comparison_operator
    conditional_expression decorator dictionary elif_clause else_clause except_clause
    expression_statement for_statement function_definition if_statement import_from_statement
    import_statement keyword_argument lambda list list_comprehension parameters
    raise_statement return_statement string subscript tuple try_statement while_statement
    with_statement""".split()
)


def python_pieces(text: str) -> list[tuple[int, int]]:
    """Ranges (code points) of the pieces of Python ``text`` of at least two characters, in order of
    their start."""
    data = text.encode("utf-8", "replace")
    reader = parser("python")
    assert reader is not None
    pending = [reader.parse(data).root_node]
    found: list[tuple[int, int]] = []
    while pending:
        node = pending.pop()
        if node.type in _PIECES and node.end_byte - node.start_byte >= 2:
            found.append((node.start_byte, node.end_byte))
        pending.extend(node.children)
    if len(data) != len(text):
        widths = [len(character.encode("utf-8", "replace")) for character in text]
        offsets = [*(i for i, width in enumerate(widths) for _ in range(width)), len(text)]
        found = [(offsets[start], offsets[end]) for start, end in found]
    return sorted(found)
