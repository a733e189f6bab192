"""Where the weights of a torch model lie: on one GPU if they fit, over several, or partly in main
memory.

Blocks are moved whole and in order; embedding, last norm and head stay on the first GPU, because
the head is applied to gathered rows outside of the module calls that accelerate's hooks watch. The
hooks move activations between devices and bring blocks that lie in main memory to the GPU while
they run.
"""

from __future__ import annotations

import torch

from engine.base.errors import BackendUnavailable
from engine.network.model import MaskPredictor

HEADROOM = 0.85
"""Share of free GPU memory that weights may take; the rest is for activations, caches and logits.
"""
_ENDS = ("wte", "ln_f", "ff_out")


def move_to_devices(model: MaskPredictor) -> torch.device:
    """Put ``model`` where it fits and return the device of its inputs."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count:
        return torch.device("cpu")
    free = [int(torch.cuda.mem_get_info(i)[0] * HEADROOM) for i in range(count)]
    main = torch.device("cuda", 0)
    if _bytes(model) <= free[0]:
        model.to(main)
    else:
        dispatch(model, device_map(model, free), main)
    return main


def device_map(model: MaskPredictor, free: list[int]) -> dict[str, int | str]:
    """Module -> GPU number or ``cpu``, for GPUs with so many ``free`` bytes each.

    ``BackendUnavailable`` when the first GPU cannot hold embedding, head and one block at work.
    """
    parts = model.model.transformer
    ends = [name for name in _ENDS if name in parts]
    room = [free[0] - sum(_bytes(parts[name]) for name in ends), *free[1:]]
    devices: dict[str, int | str] = {f"model.transformer.{name}": 0 for name in ends}
    sizes = [_bytes(block) for block in model.model.blocks]
    if sum(sizes) > sum(room):
        room[0] -= max(sizes)  # a block from main memory needs room to run
    if room[0] < 0:
        raise BackendUnavailable(
            "The GPU is too small for embedding, head and one block of this model; use --backend "
            "onnx."
        )
    gpu = 0
    for i, size in enumerate(sizes):
        while gpu < len(room) and room[gpu] < size:
            gpu += 1
        devices[f"model.transformer.blocks.{i}"] = gpu if gpu < len(room) else "cpu"
        if gpu < len(room):
            room[gpu] -= size
    return devices


def dispatch(
    model: MaskPredictor,
    devices: dict[str, int | str],
    main: torch.device,
    folder: str | None = None,
) -> None:
    """Spread ``model`` by accelerate; ``folder`` holds what ``devices`` puts on ``disk``."""
    from accelerate import (
        dispatch_model,
    )  # only here: importing it costs more than loading a small model

    name = main.type if main.index is None else main.index  # accelerate compares names
    dispatch_model(model, devices, main_device=name, offload_dir=folder, force_hooks=True)


def _bytes(module: torch.nn.Module) -> int:
    return sum(p.numel() * p.element_size() for p in module.parameters())
