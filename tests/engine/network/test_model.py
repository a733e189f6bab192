"""The transformer: caches, masks, grouped keys."""

import msgspec
import pytest
import torch

from engine.network.model import MaskPredictor, attend, init_weights


@pytest.fixture(scope="module", params=[4, 2, 1], ids=["multi-head", "grouped", "multi-query"])
def model(request, config):
    model = MaskPredictor(msgspec.structs.replace(config, n_kv_heads=request.param))
    init_weights(model, torch.Generator().manual_seed(0))
    return model.eval().requires_grad_(False)


def test_active_tokens_on_cached_keys_equal_a_whole_pass_over_the_last_layer(model):
    # With one layer the cached keys do not depend on the active tokens, so the cache is exact.
    one = MaskPredictor(msgspec.structs.replace(model.config, n_layers=1))
    init_weights(one, torch.Generator().manual_seed(1))
    ids = torch.randint(16, 512, (2, 9), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        whole, keys = one.encode(ids)
        positions = torch.arange(9).expand(2, -1)
        cached, active = torch.tensor([0, 1, 2, 6, 7, 8]), torch.tensor([3, 4, 5])
        past = [(k[:, :, cached], v[:, :, cached]) for k, v in keys]
        rows, _ = one.encode(ids[:, active], positions[:, active], past, positions[:, cached])
    torch.testing.assert_close(rows, whole[:, active], atol=1e-5, rtol=1e-5)


def test_a_masked_key_is_not_seen(model):
    ids = torch.randint(16, 512, (1, 8), generator=torch.Generator().manual_seed(3))
    other = ids.clone()
    other[0, 0] = 17 if ids[0, 0] != 17 else 18
    seen = torch.ones(1, 8, dtype=torch.bool)
    seen[0, 0] = False
    torch.testing.assert_close(model(ids, seen)[:, 1:], model(other, seen)[:, 1:])
    assert not torch.allclose(model(ids)[:, 1:], model(other)[:, 1:])


def test_every_token_sees_both_sides(model):
    ids = torch.randint(16, 512, (1, 8), generator=torch.Generator().manual_seed(4))
    changed = ids.clone()
    changed[0, -1] = 17 if ids[0, -1] != 17 else 18
    assert not torch.allclose(model(ids)[0, 0], model(changed)[0, 0])


def test_the_causal_baseline_sees_only_what_stands_before(config):
    model = MaskPredictor(msgspec.structs.replace(config, causal=True))
    init_weights(model, torch.Generator().manual_seed(0))
    ids = torch.randint(16, 512, (1, 8), generator=torch.Generator().manual_seed(4))
    changed = ids.clone()
    changed[0, -1] = 17 if ids[0, -1] != 17 else 18
    with torch.no_grad():
        torch.testing.assert_close(model(ids)[0, :-1], model(changed)[0, :-1])


def test_shifting_all_positions_changes_nothing(model):
    ids = torch.randint(16, 512, (1, 8), generator=torch.Generator().manual_seed(5))
    positions = torch.arange(8)[None]
    near, far = model(ids, position_ids=positions), model(ids, position_ids=positions + 37)
    torch.testing.assert_close(near, far, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("groups", [4, 2, 1])
def test_the_written_out_attention_of_training_equals_the_fused_one(groups):
    generator = torch.Generator().manual_seed(0)
    q = torch.randn(2, 4, 5, 8, generator=generator)
    k, v = (torch.randn(2, groups, 7, 8, generator=generator) for _ in range(2))
    mask = torch.rand(2, 1, 1, 7, generator=generator) < 0.7
    mask[..., 0] = True
    fused = attend(q, k, v, mask)
    written = attend(q.clone().requires_grad_(), k, v, mask)
    torch.testing.assert_close(written.detach(), fused, atol=1e-5, rtol=1e-5)
