"""What a large pass needed goes back to the system."""

import pytest

from engine import MINI
from engine.backends.onnx import backend as module
from engine.backends.onnx.backend import OUTPUTS, load


@pytest.fixture
def backend():
    return load(MINI, 1)


def test_memory_that_is_released_is_given_back_by_the_runtime_and_by_the_system(
    backend, monkeypatch
):
    asked = []

    class Session:
        def run(self, names, inputs, options):
            assert names == [*OUTPUTS]
            asked.append(options.get_run_config_entry("memory.enable_memory_arena_shrinkage"))

    monkeypatch.setattr(backend, "session", Session())
    monkeypatch.setattr(module, "trim", lambda: asked.append("trim"))
    backend.release()
    assert asked == ["cpu:0", "trim"]
