"""Prose: sentences before a text, and marks of the proofreader."""
