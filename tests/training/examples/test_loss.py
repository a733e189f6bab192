"""Losses and forward process: the reference's values, and what they must not see."""

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from engine.network.checkpoint import load_checkpoint
from training.examples.forward_process import forward_process, mask_probability, sample_t
from training.examples.loss import (
    BLOCK,
    CHUNK,
    HeadLoss,
    llada_weights,
    loss_of_logits,
    masked_cross_entropy,
    masked_rows,
    mean_weights,
    sft_weights,
)


@pytest.fixture(scope="module")
def reference(golden):
    return load_checkpoint(golden), load_file(golden / "golden.safetensors")


def test_the_pre_training_loss_is_that_of_llada(reference):
    model, tensors = reference
    ids, masked = tensors["pretrain/input_ids"], tensors["pretrain/masked"].bool()
    p_mask = mask_probability(tensors["pretrain/t"])[:, None].expand(ids.shape)
    noisy = torch.where(masked, model.config.mask_token_id, ids)
    rows = masked_rows(model.encode(noisy)[0], masked)
    weights = llada_weights(p_mask[masked], ids.numel())
    expected = float(tensors["pretrain/loss"])
    assert float(masked_cross_entropy(model.head(rows), ids[masked], weights)) == pytest.approx(
        expected, rel=1e-5
    )
    fused = HeadLoss.apply(rows, model.head_weight, ids[masked], weights, torch.float32)
    assert float(fused) == pytest.approx(expected, rel=1e-5)


def test_the_sft_loss_is_that_of_llada(reference):
    model, tensors = reference
    ids, noisy, lengths = (
        tensors["pretrain/input_ids"],
        tensors["sft/noisy"],
        tensors["sft/prompt_lengths"],
    )
    p_mask = mask_probability(tensors["pretrain/t"])[:, None].expand(ids.shape)
    prompt = torch.arange(ids.shape[1])[None] < lengths[:, None]
    noisy = torch.where(prompt, ids, noisy)  # the prompt is never masked
    masked = noisy == model.config.mask_token_id
    answer = (~prompt).sum(1, keepdim=True).expand(ids.shape)
    rows = masked_rows(model.encode(noisy)[0], masked)
    weights = sft_weights(p_mask[masked], answer[masked], len(ids))
    loss = masked_cross_entropy(model.head(rows), ids[masked], weights)
    assert float(loss) == pytest.approx(float(tensors["sft/loss"]), rel=1e-5)


@pytest.mark.parametrize("count", [300, BLOCK + 300])
def test_the_fused_head_has_the_gradients_of_the_plain_one(count):
    generator = torch.Generator().manual_seed(0)
    rows, weight = (
        torch.randn(count, 16, generator=generator),
        torch.randn(50, 16, generator=generator),
    )
    targets = torch.randint(0, 50, (count,), generator=generator)
    weights = mean_weights(torch.rand(count, generator=generator))
    grads = []
    for fused in (True, False):
        r, w = rows.clone().requires_grad_(), weight.clone().requires_grad_()
        if fused:
            loss = HeadLoss.apply(r, w, targets, weights, torch.float32)
        else:
            loss = (F.cross_entropy(r @ w.T, targets, reduction="none") * weights).sum()
        loss.backward()
        grads.append((loss.item(), r.grad, w.grad))
    assert grads[0][0] == pytest.approx(grads[1][0], rel=1e-5)
    torch.testing.assert_close(grads[0][1], grads[1][1], atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(grads[0][2], grads[1][2], atol=1e-6, rtol=1e-4)


def test_only_full_chunks_go_to_the_compiled_loss():
    generator = torch.Generator().manual_seed(0)
    rows, weight = (
        torch.randn(CHUNK + 30, 8, generator=generator),
        torch.randn(20, 8, generator=generator),
    )
    targets, sizes = torch.randint(0, 20, (len(rows),), generator=generator), []

    def compiled(logits, *others):
        sizes.append(len(logits))
        return loss_of_logits(logits, *others)

    arguments = rows, weight, targets, mean_weights(torch.ones(len(rows))), torch.float32
    assert float(HeadLoss.apply(*arguments, compiled)) == pytest.approx(
        float(HeadLoss.apply(*arguments))
    )
    assert sizes == [CHUNK]


def test_the_forward_process_masks_the_share_that_t_says():
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(10, 100, (3, 20_000), generator=generator)
    noisy, masked, p_mask = forward_process(ids, torch.tensor([0.1, 0.5, 1.0]), 2, generator)
    torch.testing.assert_close(masked.float().mean(1), p_mask[:, 0], atol=0.015, rtol=0)
    assert (noisy[masked] == 2).all() and (noisy[~masked] == ids[~masked]).all()
    assert float(p_mask[2, 0]) == 1.0


def test_times_are_uniform_or_bell_shaped():
    generator = torch.Generator().manual_seed(0)
    assert float(sample_t(20_000, generator).mean()) == pytest.approx(0.5, abs=0.01)
    assert float(sample_t(20_000, generator, (2, 4)).mean()) == pytest.approx(2 / 6, abs=0.01)
    assert float(sample_t(20_000, generator, (2, 4)).var()) == pytest.approx(
        8 / (36 * 7), abs=0.003
    )
