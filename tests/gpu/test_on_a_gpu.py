"""What only a machine with an NVIDIA GPU can show; run by `make gpu-check`, skipped elsewhere."""

import numpy as np
import pytest
import torch

from engine import MINI, Engine, FillRequest, Span
from engine.backends.tensorrt.device import CudaDevice
from engine.backends.torch.backend import TorchBackend
from engine.network.checkpoint import load_checkpoint
from engine.network.config_file import read_model_config
from export.canvases import canvases

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU"),
]


def test_torch_on_the_gpu_gives_the_cpus_probabilities():
    config = read_model_config(MINI)
    cpu = TorchBackend(load_checkpoint(MINI, torch.float32), torch.device("cpu"))
    gpu = TorchBackend(load_checkpoint(MINI, torch.float32).cuda(), torch.device("cuda", 0))
    for batch in canvases(config, MINI, [], 5, 0):
        np.testing.assert_allclose(
            gpu.predict(batch).log_probs, cpu.predict(batch).log_probs, atol=2e-3
        )


def test_a_blank_is_filled_on_the_gpu():
    with Engine(MINI, "torch") as engine:
        result = engine.fill(FillRequest(text="for i in :\n", spans=(Span(start=9, end=9),)))
    assert result.stopped == "complete" and result.spans[0].text


def test_device_memory_is_copied_as_it_lies():
    pytest.importorskip("cuda.bindings", reason="cuda-bindings is not installed")
    device = CudaDevice()
    source = device.pinned((6, 8), np.uint8)
    source[...] = np.arange(48).reshape(6, 8)
    here, there = device.allocate(48), device.allocate(48)
    device.upload(here, source)
    device.upload(there, np.zeros(48, np.uint8))
    device.copy_rows(there, here, (2, 3), (8, 8), 4, 6)
    found = device.pinned((6, 8), np.uint8)
    device.download(found, there)
    device.synchronise()
    assert (found[:, 2:6] == source[:, 3:7]).all() and (found[:, :2] == 0).all()


def test_the_tensorrt_backend_fills_as_torch_does(tmp_path):
    pytest.importorskip("tensorrt", reason="TensorRT is not installed")
    from export.tensorrt_export import export_tensorrt

    export_tensorrt(MINI, tmp_path / "m", "fp16")
    request = FillRequest(
        text="def area(w, h):\n    return \n",
        spans=(Span(start=27, end=27, tokens=4),),
        copies=False,
    )
    with Engine(tmp_path / "m", "tensorrt") as ours, Engine(MINI, "torch") as theirs:
        assert ours.fill(request).spans[0].text == theirs.fill(request).spans[0].text
