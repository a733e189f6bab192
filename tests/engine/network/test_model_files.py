"""Model folders from anywhere: damaged, cut short, hostile; an error with a sentence, never a crash
or a hang."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from engine import Engine, FillRequest, Span
from engine.base.errors import CheckpointError
from engine.network import model_files
from engine.network.config_file import read_model_config
from engine.network.model_files import check_model
from engine.network.weights import WeightsFile, read_weights, tensor_entries, weight_files

TEXT = "for item in ____:\n    print(item)\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def model(bundled, tmp_path):
    return shutil.copytree(bundled, tmp_path / "model")


@pytest.mark.parametrize(
    "name", ["model.safetensors", "model.onnx", "tokenizer.json", "config.json"]
)
def test_a_file_that_is_not_the_one_that_was_made_is_named(model, name):
    data = bytearray((model / name).read_bytes())
    data[len(data) // 2] ^= 1
    (model / name).write_bytes(data)
    with pytest.raises(CheckpointError, match=name):
        check_model(model)


def test_a_file_changed_after_the_first_check_is_noticed_and_one_left_alone_is_not_read_again(
    model, monkeypatch
):
    check_model(model)
    read = []
    monkeypatch.setattr(model_files, "check_file", lambda path, known: read.append(path.name))
    check_model(model)
    assert read == []
    check_model(model, again=True)
    assert "model.safetensors" in read
    read.clear()
    os.utime(model / "model.safetensors")
    check_model(model)
    assert "model.safetensors" in read


def test_a_model_folder_needs_no_place_for_notes(model, monkeypatch):
    monkeypatch.setattr(model_files.platformdirs, "user_cache_dir", lambda *a, **k: "/proc/nowhere")
    check_model(model)


@pytest.mark.parametrize("fault", [RuntimeError, KeyError], ids=["no home", "no name"])
def test_a_user_without_a_home_or_a_name_has_no_notes(model, monkeypatch, fault):
    def unknown(*about, **more):
        raise fault("the user is not known")

    monkeypatch.setattr(model_files.platformdirs, "user_cache_dir", unknown)
    check_model(model)


def test_a_manifest_cannot_point_out_of_its_folder(model):
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["files"]["../../etc/passwd"] = {"bytes": 1, "sha256": "0"}
    (model / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="outside"):
        check_model(model)


@pytest.mark.parametrize(
    "damage", ["cut to nothing", "cut in half", "overwritten", "removed", "replaced"]
)
def test_a_running_engine_does_not_mind_what_becomes_of_its_files(model, damage):
    """In a process of its own, since the fault to guard against ends it (SIGBUS)."""
    find = f"import runpy, sys, pathlib; go = runpy.run_path({__file__!r})['_fill_after']"
    code = f"{find}; sys.exit(go(pathlib.Path(sys.argv[1]), {damage!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code, model], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, (done.returncode, done.stderr)


def _fill_after(model, damage):
    weights = model / "model.safetensors"
    with Engine(model) as engine:
        if damage == "cut to nothing":
            os.truncate(weights, 0)
        elif damage == "cut in half":
            os.truncate(weights, weights.stat().st_size // 2)
        elif damage == "overwritten":
            with weights.open("r+b") as stream:
                stream.write(os.urandom(1 << 20))
        elif damage == "removed":
            shutil.rmtree(model)
        else:
            os.replace(model / "model.onnx", weights)
        at = TEXT.index("____")
        request = FillRequest(
            text=TEXT, spans=(Span(start=at, end=at + 4, max_tokens=4),), copies=False
        )
        return 0 if engine.fill(request).spans[0].text else 1


def header(entries, data=b""):
    text = json.dumps(entries).encode() if not isinstance(entries, bytes) else entries
    return len(text).to_bytes(8, "little") + text + data


GOOD = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
ODD_FILES = {
    "empty": b"",
    "seven bytes": b"1234567",
    "a length beyond the file": (1 << 40).to_bytes(8, "little") + b"{}",
    "a length of all ones": b"\xff" * 8 + b"{}",
    "no JSON": header(b"{" * 10),
    "deep JSON": header(b'{"a":' * 200_000),
    "deep lists": header(b"[" * 200_000),
    "a list": header([]),
    "a number": header(7),
    "an entry that is a number": header({"a": 1}),
    "an entry without offsets": header({"a": {"dtype": "F32", "shape": [2]}}, b"x" * 8),
    "an unknown type": header({"a": GOOD | {"dtype": "F99"}}, b"x" * 8),
    "a type that is a list": header({"a": GOOD | {"dtype": ["F32"]}}, b"x" * 8),
    "a negative dimension": header({"a": GOOD | {"shape": [-2]}}, b"x" * 8),
    "a huge dimension": header({"a": GOOD | {"shape": [1 << 62, 4]}}, b"x" * 8),
    "many dimensions": header({"a": GOOD | {"shape": [1] * 10_000}}, b"x" * 8),
    "offsets backwards": header({"a": GOOD | {"data_offsets": [8, 0]}}, b"x" * 8),
    "negative offsets": header({"a": GOOD | {"data_offsets": [-8, 0]}}, b"x" * 8),
    "offsets beyond the end": header({"a": GOOD}, b"x" * 7),
    "a shape of other bytes": header({"a": GOOD | {"shape": [3]}}, b"x" * 8),
    "an overlap": header({"a": GOOD, "b": GOOD}, b"x" * 8),
    "a hole": header({"a": GOOD | {"data_offsets": [8, 16]}}, b"x" * 16),
    "no UTF-8": header(b'{"\xff":1}'),
    "a number of many digits": header(b'{"a":' + b"9" * 10_000 + b"}"),
    "not a number": header(b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}', b"x" * 8),
}


@pytest.mark.parametrize("name", ODD_FILES)
def test_an_odd_weights_file_is_an_error_with_a_sentence(name, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(ODD_FILES[name])
    with pytest.raises(CheckpointError, match="damaged or cut short"):
        tensor_entries(path)


def test_a_weights_file_that_is_cut_while_it_is_read_is_an_error(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(header({"a": GOOD}, b"x" * 8))
    weights = WeightsFile(path)
    os.truncate(path, 20)
    with pytest.raises(CheckpointError, match="cut short"):
        weights.read("a")


def test_a_whole_weights_file_that_is_cut_while_it_is_read_is_an_error(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    path.write_bytes(header({"a": GOOD}, b"x" * 8))
    entries = tensor_entries(path)
    os.truncate(path, 20)
    monkeypatch.setattr("engine.network.weights.tensor_entries", lambda asked: entries)
    with pytest.raises(CheckpointError, match="cut short"):
        read_weights(path)


@pytest.mark.parametrize(
    "kind, bits",
    [
        ("F32", 0x7FC00000),
        ("F32", 0xFF800000),
        ("F16", 0x7E00),
        ("BF16", 0x7FC0),
        ("F8_E4M3", 0x7F),
        ("F8_E5M2", 0x7C),
    ],
)
def test_weights_that_are_no_numbers_are_refused(model, kind, bits):
    width = {"F32": 4, "F16": 2, "BF16": 2}.get(kind, 1)
    data = np.zeros(64, f"<u{width}")
    data[63] = bits
    entry = {"dtype": kind, "shape": [64], "data_offsets": [0, data.nbytes]}
    (model / "manifest.json").unlink()
    (model / "model.safetensors").write_bytes(header({"layer.weight": entry}, data.tobytes()))
    with pytest.raises(CheckpointError, match=r"layer\.weight holds numbers that are not finite"):
        check_model(model)


FILES = [
    "config.json",
    "tokenizer.json",
    "manifest.json",
    "model.safetensors",
    "model.onnx",
    "calibration.json",
]
NO_OBJECTS = [
    "[" * 100_000,
    '{"a":' * 100_000,
    "NaN",
    '"text"',
    "",
    "{" + " " * (2 << 20) + "}",
    "9" * 9_999,
]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_pipe_or_a_device_in_the_place_of_a_file_does_not_hang(model, name, kind):
    (model / name).unlink()
    if kind == "pipe":
        os.mkfifo(model / name)
    elif kind == "device":
        (model / name).symlink_to("/dev/zero")
    else:
        (model / name).mkdir()
    with pytest.raises(CheckpointError):
        Engine(model)


BAD_NUMBERS = [
    {"n_layers": 10**7},
    {"n_layers": 0},
    {"n_heads": 0},
    {"n_heads": -4},
    {"d_model": 0},
    {"d_model": 10**12},
    {"vocab_size": -1},
    {"vocab_size": 10**18},
    {"max_sequence_length": 0},
    {"rope_theta": 0},
    {"rope_theta": -1.0},
    {"rms_norm_eps": 0},
    {"mlp_hidden_size": 10**9},
    {"mask_token_id": -1},
    {"eos_token_id": 10**9},
    {"expand_token_id": -7},
    {"reserved_token_ids": [10**9]},
    {"n_kv_heads": -1},
    {"d_model": "big"},
    {"d_model": True},
    {"model_type": ["llada"]},
    {"model_type": {}},
    {"d_model": 1e300},
    {"block_type": []},
    {"eos_token_id": [[]]},
]


@pytest.mark.parametrize("bad", BAD_NUMBERS, ids=str)
def test_an_absurd_config_is_refused_at_once(model, bad):
    raw = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(raw | bad))
    with pytest.raises(CheckpointError):
        read_model_config(model)


@pytest.mark.parametrize("text", NO_OBJECTS, ids=range(len(NO_OBJECTS)))
def test_a_config_that_is_no_object_is_refused(model, text):
    (model / "config.json").write_text(text)
    with pytest.raises(CheckpointError):
        read_model_config(model)


@pytest.mark.parametrize("shard", ["../x.safetensors", "/etc/passwd", "a/b.safetensors", 7, None])
def test_an_index_cannot_name_files_outside_its_folder(model, shard):
    (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": shard}}))
    with pytest.raises(CheckpointError):
        weight_files(model)
