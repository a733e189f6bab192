"""The confidence from which ``fill`` writes: the lowest at which four of five answers are right."""

import numpy as np

from benchmarks.fitting.writing import FEWEST, figures, writing_threshold


def test_the_threshold_is_the_lowest_at_which_four_of_five_are_right():
    confidence = np.repeat([0.9, 0.7, 0.5, 0.3], 20)
    right = np.concatenate([np.ones(20), np.ones(20), np.zeros(8), np.ones(12), np.zeros(20)])
    assert writing_threshold(confidence, right) == 0.5
    found = figures(confidence, right, 0.5, 100)
    assert (found["written"], found["written_right"]) == (60, round(52 / 60, 4))


def test_answers_of_one_confidence_are_written_together_or_not_at_all():
    confidence, right = np.full(50, 0.6), np.concatenate([np.ones(30), np.zeros(20)])
    assert writing_threshold(confidence, right) == 1.0


def test_a_few_lucky_answers_are_no_threshold():
    assert writing_threshold(np.linspace(0.5, 0.9, FEWEST - 1), np.ones(FEWEST - 1)) == 1.0
