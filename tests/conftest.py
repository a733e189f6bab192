"""Shared fixtures: a toy tokenizer, toy models, the reference data."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from tokenizers import Tokenizer

from engine.network.model_config import ModelConfig
from engine.service.bundled import MINI
from engine.text.tokenizer import TextTokenizer

# Tests and what they start use the small model where none is named; those of the other one name it.
os.environ["LACUNA_MODEL"] = "mini"

# No test depends on how fast the machine is.
settings.register_profile("lacuna", deadline=None)
settings.load_profile("lacuna")

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT.parent / "shared" / "golden" / "llada-tiny"


def pytest_report_header() -> str:
    import onnxruntime
    import torch

    python = ".".join(map(str, sys.version_info[:3]))
    return f"python {python}, torch {torch.__version__}, onnxruntime {onnxruntime.__version__}"


@pytest.fixture(scope="session")
def raw_tokenizer() -> Tokenizer:
    """A byte-level BPE of 512 tokens, trained on our own source once and kept: tokens that followed
    every change of the source would move what tests measure."""
    return Tokenizer.from_file(str(ROOT / "tests" / "tokenizer.json"))


@pytest.fixture(scope="session")
def tokenizer_file(raw_tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    raw_tokenizer.save(str(path))
    return path


@pytest.fixture(scope="session")
def tokenizer(tokenizer_file: Path) -> TextTokenizer:
    return TextTokenizer(tokenizer_file)


@pytest.fixture(scope="session")
def config() -> ModelConfig:
    """Two layers, 32 wide, with the special ids of the default model."""
    return ModelConfig(
        d_model=32,
        n_layers=2,
        n_heads=4,
        mlp_hidden_size=64,
        vocab_size=512,
        max_sequence_length=256,
        weight_tying=True,
        bos_token_id=0,
        eos_token_id=1,
        mask_token_id=2,
        expand_token_id=3,
        delete_token_id=4,
        reserved_token_ids=tuple(range(5, 16)),
        context_attention="hidden",
    )


@pytest.fixture(scope="session")
def golden() -> Path:
    if not GOLDEN.exists():
        pytest.skip("the reference outputs are not beside this checkout")
    return GOLDEN


@pytest.fixture(scope="session")
def bundled() -> Path:
    return MINI
