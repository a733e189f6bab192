"""The TensorRT backend above the GPU: a device in host memory, and the exported graph in
onnxruntime in place of a plan.

What is not run here are the calls of CUDA and TensorRT themselves.
"""

import ctypes

import msgspec
import numpy as np
import onnxruntime as ort
import pytest
import torch

from engine import Engine, FillRequest, SamplerOptions, Span
from engine.backends.collation import collate, split
from engine.backends.interface import Batch
from engine.backends.onnx.backend import load as load_onnx
from engine.backends.tensorrt.backend import MAX_BUCKETS, TensorrtBackend
from engine.backends.tensorrt.plan_shapes import FULL, STEP, Extent, bucket, profile_of, profiles
from engine.backends.tensorrt.runtime import PlanKey, find_plan, graph_hash, plan_file, write_plan
from engine.base.errors import BackendUnavailable, CheckpointError, RequestRejected
from engine.network.checkpoint import save_checkpoint
from engine.network.config_file import read_model_config
from engine.network.model import MaskPredictor, init_weights
from engine.text.tokenizer import TextTokenizer
from export.onnx_export import export_onnx

pytestmark = pytest.mark.slow
LARGEST = 256


class HostBuffer:
    def __init__(self, nbytes):
        self.array = np.full(max(1, nbytes), 0xAB, np.uint8)  # memory that nobody wrote is not zero
        self.address, self.nbytes = self.array.ctypes.data, nbytes


class HostDevice:
    """Queues nothing: every call is done when it returns; a captured graph is the calls made
    meanwhile."""

    stream = 7

    def __init__(self):
        self.launches, self.execution = 0, None

    def allocate(self, nbytes):
        return HostBuffer(nbytes)

    def pinned(self, shape, dtype):
        return np.full(shape, 0xAB, dtype)

    def upload(self, target, source):
        ctypes.memmove(target.address, source.ctypes.data, source.nbytes)

    def download(self, target, source):
        ctypes.memmove(target.ctypes.data, source.address, target.nbytes)

    def copy_rows(self, target, source, at, pitch, width, rows):
        for row in range(rows):
            inside = (
                at[0] + row * pitch[0] + width <= max(target.nbytes, 1)
                and at[1] + row * pitch[1] + width <= source.nbytes
            )
            assert inside, "a copy beyond its buffer"
            ctypes.memmove(
                target.address + at[0] + row * pitch[0],
                source.address + at[1] + row * pitch[1],
                width,
            )

    def synchronise(self):
        pass

    def begin_capture(self):
        self.recorded = []

    def end_capture(self):
        recorded, self.recorded = self.recorded, None
        return recorded

    recorded = None

    def launch(self, graph):
        self.launches += 1
        for call in graph:
            call()


class OrtExecution:
    """Reads inputs from their addresses, as a plan would, and writes outputs to theirs."""

    def __init__(self, device, session, profile):
        self.device, self.session, self.most = device, session, profile[2]
        self.least = profile[0]
        self.types = {
            value.name: value.type for value in (*session.get_inputs(), *session.get_outputs())
        }
        self.shapes, self.addresses = {}, {}

    def set_input_shape(self, name, shape):
        self.shapes[name] = tuple(shape)
        return name != "input_ids" or (shape[0] <= self.most.batch and shape[1] <= self.most.active)

    def set_tensor_address(self, name, address):
        self.addresses[name] = address
        return True

    def execute_async_v3(self, stream):
        assert stream == self.device.stream
        shapes, addresses = dict(self.shapes), dict(self.addresses)

        def run():
            feeds = {
                name: self._at(addresses[name], name, shape).copy()
                for name, shape in shapes.items()
            }
            for value, found in zip(
                self.session.get_outputs(), self.session.run(None, feeds), strict=True
            ):
                self._at(addresses[value.name], value.name, found.shape)[...] = found

        if self.device.recorded is not None:
            self.device.recorded.append(run)
        else:
            run()
        return True

    def _at(self, address, name, shape):
        kind = {
            "tensor(float16)": np.float16,
            "tensor(float)": np.float32,
            "tensor(int64)": np.int64,
            "tensor(bool)": np.bool_,
        }
        dtype = np.dtype(kind[self.types[name]])
        size = int(np.prod(shape)) * dtype.itemsize
        if not size:
            return np.zeros(shape, dtype)
        return (
            np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))
            .view(dtype)
            .reshape(shape)
        )


@pytest.fixture(scope="module")
def folder(config, tokenizer_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpu")
    model = MaskPredictor(msgspec.structs.replace(config, n_kv_heads=2))
    init_weights(model, torch.Generator().manual_seed(0))
    for name, parameter in model.named_parameters():
        if "norm" not in name:
            parameter.data.mul_(8.0)  # far from uniform, so that every token matters
    save_checkpoint(model, folder / "checkpoint", tokenizer_file)
    export_onnx(folder / "checkpoint", folder / "float", "float")
    return folder / "float"


@pytest.fixture
def device():
    return HostDevice()


@pytest.fixture
def backend(folder, device):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(
        str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    executions = [OrtExecution(device, session, profile) for profile in profiles(4, LARGEST)]
    return TensorrtBackend(device, executions, read_model_config(folder), 4, LARGEST, 4)


def full_pass(rng, config, length, rows=1):
    allowed = rng.random((2, config.embedding_rows)) < 0.7
    allowed[:, :40] = True
    return Batch(
        input_ids=rng.integers(16, 500, (rows, length)),
        position_ids=np.tile(np.arange(length), (rows, 1)),
        query_index=rng.integers(0, length, (rows, 3)),
        allowed=allowed,
        allowed_row=rng.integers(0, 2, (rows, 3)),
        target_ids=rng.integers(0, 40, (rows, 3)),
        keep=np.r_[0 : length // 2, length // 2 + 5 : length],
    )


def step_after(rng, config, first, context, length):
    step = full_pass(rng, config, length, len(first.input_ids))
    step.keep, step.context = None, context
    step.position_ids = step.position_ids + 70
    step.context_position_ids = first.position_ids[:, first.keep]
    return step


def same(ours, theirs):
    assert (ours.token_ids[..., 0] == theirs.token_ids[..., 0]).all()
    for name in ("log_probs", "target_log_probs", "entropy"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), atol=1e-4)


def test_passes_in_buckets_give_what_the_graph_gives_without_padding(backend, device, folder):
    config, reference = read_model_config(folder), load_onnx(folder)
    rng = np.random.default_rng(0)
    for length in (37, 64, 120):
        first = full_pass(rng, config, length)
        ours, theirs = backend.predict(first), reference.predict(first)
        same(ours, theirs)
        assert ours.context.length == theirs.context.length
        for active in (5, 9, 17):  # the second and third run of a bucket are captured and launched
            for _ in range(3):
                step = step_after(rng, config, first, ours.context, active)
                same(
                    backend.predict(step),
                    reference.predict(Batch(**(vars(step) | {"context": theirs.context}))),
                )
    assert device.launches > 9


def test_a_context_grows_and_gives_away_tokens_on_the_device(backend, folder):
    config, reference = read_model_config(folder), load_onnx(folder)
    rng = np.random.default_rng(1)
    first = full_pass(rng, config, 40)
    ours, theirs = backend.predict(first).context, reference.predict(first).context
    step = step_after(rng, config, first, ours, 9)
    step.keep = np.array([8, 1, 2])
    longer, other = (
        backend.predict(step).context,
        reference.predict(Batch(**(vars(step) | {"context": theirs}))).context,
    )
    tokens = np.r_[30:38, 3:9, 0]
    taken, known = longer.take(tokens), other.take(tokens)
    assert longer.length == other.length and taken.length == len(tokens)
    for buffer, array in zip(taken.buffers, known.whole(), strict=True):
        found = buffer.array[: array.nbytes].view(np.float32).reshape(array.shape)
        np.testing.assert_allclose(found, array, atol=1e-5)


def test_requests_share_a_pass_and_whole_fills_are_those_of_the_graph(backend, folder):
    config = read_model_config(folder)
    rng = np.random.default_rng(2)
    firsts = [full_pass(rng, config, n) for n in (40, 33)]
    contexts = [
        part.context for part in split(backend.predict(collate(firsts, backend.join)), firsts)
    ]
    steps = [step_after(rng, config, *pair, 6) for pair in zip(firsts, contexts, strict=True)]
    for part, step in zip(
        split(backend.predict(collate(steps, backend.join)), steps), steps, strict=True
    ):
        same(part, backend.predict(step))
    request = FillRequest(
        text="def area(w, h):\n    return \n\nprint(area(2, 3))\n",
        spans=(Span(start=27, end=27, tokens=4),),
        copies=False,
        sampler=SamplerOptions(repairs=0),
    )
    tokenizer = TextTokenizer(folder / "tokenizer.json")
    with Engine.with_backend(config, tokenizer, backend) as ours, Engine(folder, "onnx") as theirs:
        assert ours.fill(request).spans[0].text == theirs.fill(request).spans[0].text


def test_what_a_plan_cannot_do_is_refused_by_name(backend, folder):
    config = read_model_config(folder)
    rng = np.random.default_rng(3)
    with pytest.raises(RequestRejected, match="1 x 300 tokens is more than the plan of 4 x 256"):
        backend.predict(full_pass(rng, config, 300))
    batch = full_pass(rng, config, 30)
    batch.full = True
    with pytest.raises(BackendUnavailable, match="--backend torch"):
        backend.predict(batch)


def test_buckets_are_few_and_forgotten_when_there_are_too_many(backend, folder):
    config = read_model_config(folder)
    rng = np.random.default_rng(4)
    for rows in (1, 2, 3, 4):
        for length in (8, 16, 20, 60, 100, 130, 200, 250):
            backend.predict(full_pass(rng, config, length, rows))
    assert len(backend.passes) == MAX_BUCKETS
    assert bucket(Extent(1, 33, 400, 3, 1), 1024) == Extent(1, 64, 512, 8, 8)
    assert (
        profile_of(Extent(1, 32, 480, 8, 8)) == STEP and profile_of(Extent(1, 512, 0, 8, 8)) == FULL
    )


def key(folder, **changes):
    values = {
        "runtime": "tensorrt",
        "version": "11.4",
        "gpu": "H200 9.0",
        "max_tokens": 1024,
        "max_rows": 8,
        "flags": [],
    }
    return PlanKey(graph=graph_hash(folder), **(values | changes))


def test_only_a_plan_that_fits_is_found_and_others_are_told(folder, tmp_path):
    import shutil

    out = tmp_path / "model"
    shutil.copytree(folder, out)
    here = ("tensorrt", "11.4", "H200 9.0")
    with pytest.raises(CheckpointError, match="no plan for this machine; make one"):
        find_plan(out, *here)
    write_plan(out, key(out, version="10.1"), b"old")
    write_plan(out, key(out, gpu="RTX 4090 8.9"), b"card")
    with pytest.raises(
        CheckpointError, match="of another (version|gpu); .* of another (gpu|version)"
    ):
        find_plan(out, *here)
    fits = key(out)
    write_plan(out, fits, b"plan")
    assert (
        find_plan(out, *here) == (fits, plan_file(out, fits))
        and plan_file(out, fits).read_bytes() == b"plan"
    )
    (out / "manifest.json").write_text("{}")
    with pytest.raises(CheckpointError, match="of another graph"):
        find_plan(out, *here)
    write_plan(out, key(out, gpu="any"), b"any")
    assert find_plan(out, *here)[0].gpu == "any"
    plan_file(out, key(out, gpu="any")).unlink()
    with pytest.raises(CheckpointError, match="plan is missing"):
        find_plan(out, *here)


def test_a_machine_without_a_gpu_says_so():
    pytest.importorskip("cuda.bindings", reason="cuda-bindings is not installed")
    from engine.backends.tensorrt.device import CudaDevice

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(BackendUnavailable, match="No NVIDIA GPU"):
        CudaDevice()
