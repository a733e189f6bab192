"""Planted errors stand where they are said to stand, and are counted as they should be."""

import re

from benchmarks.infill_cases import HeldOutDocument
from benchmarks.quality.prose.planted_errors import KINDS, plant
from benchmarks.quality.prose.proofreading import correct_texts, measure
from tests.lsp_server.proofreading.test_proofreader import Reader

SENTENCE = "The shop is open on Monday and their friends write letters that please the whole town. "
TEXTS = [SENTENCE * 20 + f"It has {n} rooms.\n" for n in range(12)]


def test_an_error_is_one_word_of_a_text_that_is_otherwise_as_it_was():
    planted = plant(TEXTS, 30, seed=1)
    assert len(planted) == 30 and {error.kind for error in planted} == set(KINDS)
    for error in planted:
        wrong = error.text[error.start : error.end]
        assert wrong != error.meant
        assert error.text[: error.start] + error.meant + error.text[error.end :] in TEXTS
        assert not re.match(r"\w", error.text[error.end :]), "whole words are exchanged"
    assert planted == plant(TEXTS, 30, seed=1) != plant(TEXTS, 30, seed=2)
    assert plant([], 30) == []


def test_correct_texts_are_whole_paragraphs_of_different_documents():
    documents = [
        HeldOutDocument(f"Start {n}.\n\n" + (SENTENCE * 4 + "\n\n") * 12, f"s{n}", "a.md")
        for n in range(5)
    ]
    texts = correct_texts(documents, 4)
    assert len(texts) == 4
    for text in texts:
        assert 350 <= len(text.split()) <= 500 and text.strip().endswith(".")
    assert correct_texts([HeldOutDocument("Short.\n", "s", "a.md")], 4) == []


def test_a_mark_is_right_where_it_proposes_what_stood_there():
    planted = plant(TEXTS, 9, seed=3)
    everything = {error.meant for error in planted}
    report = measure(Reader(*everything), [SENTENCE], planted, surprise=3.0)
    assert report["errors"] == 9 and 0.0 < report["recall"] <= 1.0
    silent = measure(Reader(), [SENTENCE], planted, surprise=3.0)
    assert silent["recall"] == 0.0 and silent["marks_in_500_correct_words"] == 0.0
