"""What a user of the command can mend."""

EXTRA_OF = (
    {"locust": "load", "ray": "ray"}
    | dict.fromkeys(("lm_eval", "rapidfuzz"), "eval")
    | dict.fromkeys(
        (
            "accelerate",
            "datasets",
            "peft",
            "pyarrow",
            "tensorboard",
            "torch",
            "transformers",
            "tree_sitter",
            "zstandard",
        ),
        "train",
    )
)
"""Module that a command may miss -> the extra that brings it."""


class UserError(Exception):
    """One sentence that says what is wrong and what to do; exit status 2."""
