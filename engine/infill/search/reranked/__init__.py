"""Spans written from the left by beam search and chosen by the text behind them, where a model
reads causally: which answer makes the whole text most probable?"""
