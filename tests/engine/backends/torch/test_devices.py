"""Models larger than a GPU: who lies where, and that the result is the same."""

import copy

import msgspec
import numpy as np
import pytest
import torch

from engine import Engine
from engine.backends.torch.backend import TorchBackend
from engine.backends.torch.devices import device_map, dispatch
from engine.base.errors import BackendUnavailable
from engine.llada.generate import GenerateRequest
from engine.network.model import MaskPredictor, init_weights

BLOCK = "model.transformer.blocks."


@pytest.fixture(params=["tied", "own head"])
def model(request, config):
    config = msgspec.structs.replace(config, n_layers=4, weight_tying=request.param == "tied")
    model = MaskPredictor(config)
    init_weights(model, torch.Generator().manual_seed(0))
    return model.eval().requires_grad_(False)


def sizes(model):
    block = sum(p.numel() * 4 for p in model.model.blocks[0].parameters())
    return block, sum(p.numel() * 4 for p in model.parameters()) - 4 * block


def test_blocks_fill_the_gpus_in_order_and_the_ends_stay_on_the_first(model):
    block, ends = sizes(model)
    devices = device_map(model, [ends + block, 2 * block, 10 * block])
    assert [devices[BLOCK + str(i)] for i in range(4)] == [0, 1, 1, 2]
    assert all(device == 0 for name, device in devices.items() if BLOCK not in name)


def test_what_does_not_fit_goes_to_main_memory_and_leaves_room_to_run(model):
    block, ends = sizes(model)
    devices = device_map(model, [ends + 3 * block])
    assert [devices[BLOCK + str(i)] for i in range(4)] == [0, 0, "cpu", "cpu"]


def test_a_gpu_too_small_for_one_block_is_named(model):
    block, ends = sizes(model)
    with pytest.raises(BackendUnavailable, match="too small"):
        device_map(model, [ends + block // 2])


@pytest.mark.parametrize("cache", ["none", "prefix", "dual"])
def test_a_model_whose_blocks_are_brought_in_one_by_one_gives_the_same_tokens(
    model, tmp_path, cache
):
    whole = copy.deepcopy(model)
    devices = {f"{BLOCK}{i}": "disk" if i % 2 else "cpu" for i in range(4)}
    devices |= {
        f"model.transformer.{name}": "cpu"
        for name in ("wte", "ln_f", "ff_out")
        if name in model.model.transformer
    }
    dispatch(model, devices, torch.device("cpu"), str(tmp_path))
    away = model.model.blocks[1].q_proj.weight
    assert away.device.type == "meta"
    request = GenerateRequest(
        prompt_ids=(20, 30, 40), steps=8, gen_length=8, block_length=4, cache=cache
    )
    answers = []
    for each in (model, whole):
        with Engine.with_backend(
            each.config, None, TorchBackend(each, torch.device("cpu"))
        ) as engine:
            answers.append(engine.generate(request))
    assert answers[0] == answers[1] and np.isfinite(answers[0].nfe)
