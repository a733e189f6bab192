"""A backend runs where it was asked to run, or says in one sentence why it cannot."""

import numpy as np
import onnxruntime as ort
import pytest

from engine import BASE, MINI
from engine.backends.interface import Batch
from engine.backends.loading import load_backend
from engine.backends.onnx.backend import OnnxBackend
from engine.backends.onnx.providers import PROVIDERS, check_provider, open_session, unavailable
from engine.base.errors import BackendUnavailable
from engine.network.config_file import read_model_config
from engine.network.weights import weight_files


@pytest.mark.parametrize("name", [name for name in PROVIDERS if name != "onnx"])
def test_a_gpu_backend_without_its_libraries_names_what_to_install(name):
    if not unavailable(name):
        pytest.skip("it can run here")
    with pytest.raises(
        BackendUnavailable,
        match=r"cannot run here: .*install (lacuna-infill\[(gpu|rtx)\]|an NVIDIA driver)",
    ):
        load_backend(name, MINI)


def test_a_silent_fall_back_to_the_cpu_is_refused():
    session = open_session(MINI / "model.onnx", "onnx", 1)
    with pytest.raises(BackendUnavailable, match="fell back to the CPU: libc"):
        check_provider(session, "onnx-cuda")


@pytest.mark.parametrize("folder", [MINI, BASE], ids=["mini", "base"])
def test_a_session_has_copies_of_the_weights_it_was_made_from(folder):
    """So their memory can be given back, and nothing that happens to the files matters."""
    config = read_model_config(folder)
    files = {path.name: bytearray(path.read_bytes()) for path in weight_files(folder)}
    session = open_session(folder / "model.onnx", "onnx", 1, files, multiplies_bytes=True)
    backend, one = OnnxBackend(session, config), np.zeros((1, 4), int)
    allowed = np.ones((1, config.embedding_rows), bool)
    batch = Batch(
        np.array([[20, 30, 40, 50]]), np.arange(4)[None], np.arange(4)[None], allowed, one
    )
    before = backend.predict(batch)
    for file in files.values():
        file[:] = bytes(len(file))
    assert np.array_equal(backend.predict(batch).log_probs, before.log_probs)


def test_bound_contexts_are_sent_once_and_give_the_same_numbers(monkeypatch):
    config = read_model_config(MINI)
    session = open_session(MINI / "model.onnx", "onnx", 1)
    plain, bound = OnnxBackend(session, config), OnnxBackend(session, config, device="cuda")
    sent = []
    send = ort.OrtValue.ortvalue_from_numpy
    monkeypatch.setattr(
        ort.OrtValue,
        "ortvalue_from_numpy",
        lambda array, device, number: sent.append(device) or send(array, "cpu", number),
    )
    rng = np.random.default_rng(0)
    allowed = np.ones((1, config.embedding_rows), bool)
    first = Batch(
        rng.integers(20, 9000, (1, 40)),
        np.arange(40)[None],
        np.array([[3]]),
        allowed,
        np.zeros((1, 1), int),
    )
    first.keep = np.arange(30)
    context = plain.predict(first).context
    step = Batch(
        rng.integers(20, 9000, (1, 5)),
        np.arange(50, 55)[None],
        np.array([[0, 4]]),
        allowed,
        np.zeros((1, 2), int),
        context=context,
        context_position_ids=np.arange(30)[None],
    )
    known = plain.predict(step)
    for _ in range(2):
        np.testing.assert_array_equal(bound.predict(step).log_probs, known.log_probs)
    assert sent == ["cuda"] * 2 * config.n_layers
