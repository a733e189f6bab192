"""Several requests in one forward pass: nobody notices."""

import msgspec
import numpy as np
import pytest
import torch

from engine import MINI, Engine
from engine.backends.collation import collate, group_passes, split
from engine.backends.interface import SHARED_ON_GPU as MOST
from engine.backends.interface import Batch
from engine.backends.loading import load_backend
from engine.backends.onnx.side_by_side import SideBySide
from engine.backends.torch.backend import TorchBackend
from engine.base.errors import RequestRejected
from engine.llada.generate import GenerateRequest
from engine.network.config_file import read_model_config
from engine.network.model import MaskPredictor, init_weights


@pytest.fixture(scope="module")
def backend(config):
    model = MaskPredictor(
        msgspec.structs.replace(config, expand_token_id=None, delete_token_id=None)
    )
    init_weights(model, torch.Generator().manual_seed(0))
    for name, parameter in model.named_parameters():
        if "norm" not in name:
            parameter.data.mul_(8.0)  # far from uniform, so that every token matters
    return TorchBackend(model.eval().requires_grad_(False))


def random_batch(rng, length, queries, rows=1, masked_keys=False, width=512):
    allowed = rng.random((2, width)) < 0.7
    allowed[:, :40] = True
    key_mask = np.ones((rows, length), bool)
    key_mask[:, : length // 4] = not masked_keys
    return Batch(
        input_ids=rng.integers(16, 512, (rows, length)),
        position_ids=np.tile(np.arange(length), (rows, 1)),
        query_index=rng.integers(length // 4, length, (rows, queries)),
        allowed=allowed,
        allowed_row=rng.integers(0, 2, (rows, queries)),
        target_ids=rng.integers(0, 40, (rows, queries)),
        key_mask=key_mask if masked_keys else None,
    )


def test_a_row_of_a_shared_pass_is_the_row_alone(backend):
    rng = np.random.default_rng(0)
    batches = [
        random_batch(rng, 12, 3),
        random_batch(rng, 30, 7, masked_keys=True),
        random_batch(rng, 5, 1, rows=2),
    ]
    for batch, part in zip(
        batches, split(backend.predict(collate(batches, backend.join)), batches), strict=True
    ):
        alone = backend.predict(batch)
        assert (part.token_ids == alone.token_ids).all()
        for name in ("log_probs", "target_log_probs", "entropy"):
            np.testing.assert_allclose(getattr(part, name), getattr(alone, name), atol=1e-4)


@pytest.fixture(scope="module", params=["torch", "bundled int8"])
def either(request, backend):
    return backend if request.param == "torch" else load_backend("onnx", MINI)


def test_a_row_beside_others_sees_its_own_cached_tokens_and_keeps_its_own(either):
    rng = np.random.default_rng(1)
    width = 512 if either.name == "torch" else read_model_config(MINI).embedding_rows
    firsts = [random_batch(rng, n, 2, width=width) for n in (40, 33, 48)]
    for first in firsts:
        first.keep = np.arange(first.input_ids.shape[1] - 3)
    contexts = [
        part.context for part in split(either.predict(collate(firsts, either.join)), firsts)
    ]
    for first, context in zip(firsts, contexts, strict=True):
        assert context.length == first.input_ids.shape[1] - 3
    steps = []
    for n, first, context in zip((6, 4, 7), firsts, contexts, strict=True):
        step = random_batch(rng, n, 2, width=width)
        step.context, step.context_position_ids = context, first.position_ids[:, first.keep]
        step.position_ids = step.position_ids + 60
        steps.append(step)
    steps[1].tie = np.array([[[1, 1], [1, 1]]], np.float32)
    for _ in range(2):  # the second time the joined contexts are at hand
        for step, first, part in zip(
            steps, firsts, split(either.predict(collate(steps, either.join)), steps), strict=True
        ):
            step_alone = Batch(**(vars(step) | {"context": either.predict(first).context}))
            alone = either.predict(step_alone)
            assert (
                part.token_ids[..., 0] == alone.token_ids[..., 0]
            ).all() and part.context is step.context
            np.testing.assert_allclose(part.log_probs, alone.log_probs, atol=1e-3)
    assert group_passes([*firsts, *steps], MOST) in ([[3, 4, 5], [0, 1, 2]], [[4, 3, 5], [1, 0, 2]])


def test_no_pass_is_too_large_or_mostly_padding():
    rng = np.random.default_rng(0)
    batches = [random_batch(rng, 100, 3, rows=20) for _ in range(10)] + [random_batch(rng, 900, 3)]
    groups = group_passes(batches, MOST)
    assert [10] in groups and sorted(i for group in groups for i in group) == list(range(11))
    assert all(sum(batches[i].input_ids.size for i in group) <= MOST for group in groups)
    assert len(groups) == 4
    assert group_passes([random_batch(rng, 100, 3), random_batch(rng, 10, 3)], MOST) == [[1], [0]]


@pytest.mark.parametrize(
    "options",
    [{}, {"threshold": 0.05}, {"cfg_scale": 1.0}, {"cache": "dual"}, {"temperature": 0.7}],
)
def test_a_text_is_the_same_alone_and_beside_others(backend, options):
    requests = [
        GenerateRequest(
            prompt_ids=tuple(range(20, 20 + n)),
            steps=8,
            gen_length=16,
            block_length=8,
            seed=n,
            **options,
        )
        for n in (3, 9, 4, 1)
    ]
    with Engine.with_backend(backend.model.config, None, backend) as engine:
        alone = [engine.generate(request) for request in requests]
        together = engine.generate_all(requests)
    assert together == alone


def test_requests_of_a_batch_share_their_passes(backend, monkeypatch):
    rows = []
    predict = backend.predict
    monkeypatch.setattr(
        backend, "predict", lambda batch: rows.append(len(batch.input_ids)) or predict(batch)
    )
    requests = [
        GenerateRequest(prompt_ids=(20, 30, n), steps=8, gen_length=8, block_length=8)
        for n in range(40, 50)
    ]
    with Engine.with_backend(backend.model.config, None, backend) as engine:
        engine.generate_all(requests)
    assert sum(rows) == 80 and len(rows) <= 20


def test_one_bad_request_fails_alone(backend, monkeypatch):
    predict = backend.predict

    def picky(batch):
        if (batch.input_ids == 99).any():
            raise RequestRejected("no 99")
        return predict(batch)

    monkeypatch.setattr(backend, "predict", picky)
    good, bad = (
        GenerateRequest(prompt_ids=(20, n), steps=4, gen_length=4, block_length=4) for n in (30, 99)
    )
    with Engine.with_backend(backend.model.config, None, backend) as engine:
        jobs = [engine.submit_generate(request) for request in (good, bad, good)]
        assert jobs[0].future.result() == jobs[2].future.result()
        with pytest.raises(RequestRejected, match="no 99"):
            jobs[1].future.result()


def test_joined_caches_stay_where_they_are_until_a_request_ends():
    rng = np.random.default_rng(0)
    caches = [rng.random((rows, 2, length, 3)) for rows, length in ((1, 5), (2, 7), (1, 6))]
    layer = SideBySide()

    def right(joined, parts):
        rows = [(part, i) for part in parts for i in range(len(part))]
        return len(joined) == len(rows) and all(
            (joined[at, :, : part.shape[2]] == part[i]).all() for at, (part, i) in enumerate(rows)
        )

    first = layer.join(caches)
    assert first.shape == (4, 2, 7, 3) and right(first, caches)
    assert layer.join(caches).base is first.base
    fewer = layer.join([caches[0], caches[2]])
    assert (
        fewer.base is first.base
        and fewer.shape == (2, 2, 6, 3)
        and right(fewer, [caches[0], caches[2]])
    )
    assert right(layer.join([caches[2], caches[0]]), [caches[2], caches[0]])
    assert right(layer.join(caches), caches)
