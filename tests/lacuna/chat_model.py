"""A tiny instruct checkpoint in LLaDA's layout: random weights, a tokenizer with control tokens, a
chat template."""

import json
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer

from engine.network.checkpoint import save_checkpoint
from engine.network.model import MaskPredictor, init_weights
from engine.network.model_config import ModelConfig

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n"
    "{{ m['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
CONTROL = [
    "<|startoftext|>",
    "<|endoftext|>",
    "<|mdm_mask|>",
    "<|eot_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
]


def make_chat_model(folder: Path, tokenizer: Tokenizer) -> Path:
    """``folder`` as a checkpoint that names its special tokens in the tokenizer files alone."""
    own = Tokenizer.from_str(tokenizer.to_str())
    own.add_special_tokens([AddedToken(name, special=True) for name in CONTROL])
    ids = {name: own.token_to_id(name) for name in CONTROL}
    config = ModelConfig(
        d_model=32,
        n_layers=2,
        n_heads=4,
        n_kv_heads=2,
        mlp_hidden_size=64,
        vocab_size=own.get_vocab_size(),
        max_sequence_length=512,
        mask_token_id=ids["<|mdm_mask|>"],
        eos_token_id=ids["<|endoftext|>"],
        eot_token_id=ids["<|eot_id|>"],
        bos_token_id=ids["<|startoftext|>"],
    )
    model = MaskPredictor(config)
    init_weights(model, torch.Generator().manual_seed(0))
    save_checkpoint(model, folder)
    own.save(str(folder / "tokenizer.json"))
    raw = json.loads((folder / "config.json").read_text())
    for key in ("mask_token_id", "eos_token_id", "eot_token_id"):
        del raw[key]
    (folder / "config.json").write_text(json.dumps(raw))
    roles = {
        "bos_token": "<|startoftext|>",
        "eos_token": {"content": "<|endoftext|>"},
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(roles))
    return folder
