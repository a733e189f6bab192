"""What we save, the transformers library loads."""

import msgspec
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM

import engine.network.hf_auto_classes  # noqa: F401  (registers)
from engine.network.checkpoint import load_checkpoint, save_checkpoint
from engine.network.config_file import dump_model_config, read_model_config
from engine.network.model import MaskPredictor, init_weights

IDS = torch.arange(16, 56).reshape(2, 20)


@pytest.fixture(params=["tied", "grouped queries, biases, own head"])
def folder(request, config, tmp_path):
    if request.param != "tied":
        config = msgspec.structs.replace(
            config, n_kv_heads=2, include_qkv_bias=True, weight_tying=False
        )
    model = MaskPredictor(config)
    init_weights(model, torch.Generator().manual_seed(0))
    save_checkpoint(model, tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("auto", [AutoModel, AutoModelForMaskedLM])
def test_auto_classes_load_a_saved_checkpoint(folder, auto):
    theirs = auto.from_pretrained(folder)
    torch.testing.assert_close(theirs(IDS).logits, load_checkpoint(folder)(IDS))


def test_the_attention_mask_hides_padding(folder):
    theirs = AutoModel.from_pretrained(folder)
    mask = torch.ones_like(IDS)
    mask[:, :5] = 0
    changed = torch.where(mask.bool(), IDS, 99)
    torch.testing.assert_close(theirs(changed, mask).logits[:, 5:], theirs(IDS, mask).logits[:, 5:])


def test_the_config_comes_back_unchanged(folder):
    theirs = AutoConfig.from_pretrained(folder).model_config()
    assert dump_model_config(theirs) == dump_model_config(read_model_config(folder))


def test_what_transformers_saves_we_load(folder, tmp_path):
    AutoModel.from_pretrained(folder).save_pretrained(tmp_path / "theirs")
    torch.testing.assert_close(
        load_checkpoint(tmp_path / "theirs")(IDS), load_checkpoint(folder)(IDS)
    )


def test_the_loss_counts_labelled_tokens_only(folder):
    theirs = AutoModel.from_pretrained(folder)
    labels = torch.full_like(IDS, -100)
    labels[0, 3] = 77
    logits = theirs(IDS).logits.detach()
    assert theirs(IDS, labels=labels).loss.item() == pytest.approx(
        -float(logits[0, 3].log_softmax(-1)[77]), rel=1e-5
    )
