"""A tiny model with causal context, in double precision, so that exactness can be told from
rounding."""

import msgspec
import pytest
import torch

from engine.backends.torch.backend import TorchBackend
from engine.network.model import MaskPredictor, init_weights
from tests.engine.causal_models import END, GAP, START


@pytest.fixture(scope="session")
def causal_config(config):
    ids = {"start_token_id": START, "gap_token_id": GAP, "span_end_token_id": END}
    return msgspec.structs.replace(
        config, context_attention="causal", predicts="next", n_kv_heads=2, **ids
    )


@pytest.fixture(scope="session")
def causal_model(causal_config):
    model = MaskPredictor(causal_config)
    init_weights(model, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(
                    4.0
                )  # random weights at initialisation predict nothing in particular
    return model.double().requires_grad_(False)


@pytest.fixture(scope="session")
def backend(causal_model):
    return TorchBackend(causal_model, torch.device("cpu"))
