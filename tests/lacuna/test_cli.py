"""The command line in a subprocess: output, exit status, and what happens to files."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys

import pytest

from tests.conftest import ROOT

CODE = "def area(width, height):\n    return width * ____\n\n\nprint(area(2, ____))\n"
EVERYTHING = ("--min-confidence", "0")
"""Fill every blank, however unsure the answer is."""


LONGEST_S = 800
"""Of a command: a limit against hanging, far beyond what any takes on a slow machine."""


def lacuna(*arguments, cwd=None, env=None, stdin=b""):
    command = [sys.executable, "-m", "lacuna", *map(str, arguments)]
    done = subprocess.run(
        command, input=stdin, capture_output=True, cwd=cwd, env=env, timeout=LONGEST_S
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def refused(*arguments, **kwargs):
    """Run; assert exit status 2 and one sentence on stderr; return it."""
    code, out, err = lacuna(*arguments, **kwargs)
    assert code == 2 and not out
    assert err.startswith("lacuna: ") and err.count("\n") == 1 and "Traceback" not in err
    return err


@pytest.fixture
def code(tmp_path):
    path = tmp_path / "area.py"
    path.write_text(CODE)
    return path


def test_fill_prints_a_diff_of_the_blank_lines_and_leaves_the_file(code):
    status, out, err = lacuna("fill", code, *EVERYTHING)
    assert status == 0 and code.read_text() == CODE
    changed = [
        line for line in out.splitlines() if line.startswith("-") and not line.startswith("---")
    ]
    assert changed == ["-    return width * ____", "-print(area(2, ____))"]
    assert "2 blanks filled in" in err and "ms" in err


def test_json_has_the_documented_fields_and_agrees_with_itself(code):
    status, out, _ = lacuna("fill", code, "--json", "--n", "3", "--seed", "1", *EVERYTHING)
    assert status == 0
    result = json.loads(out)
    assert set(result) == {"text", "spans", "skipped", "nfe", "ms", "model", "backend", "stopped"}
    assert (result["model"], result["backend"], result["stopped"]) == (
        "lacuna-mini",
        "onnx",
        "complete",
    )
    rebuilt, at = "", 0
    for span in result["spans"]:
        assert set(span) == {
            "start",
            "end",
            "text",
            "confidence",
            "tokens",
            "alternatives",
            "filled",
            "withheld",
        }
        assert CODE[span["start"] : span["end"]] == "____" and 0 < span["confidence"] <= 1
        rebuilt += CODE[at : span["start"]] + span["text"]
        at = span["end"]
    assert result["text"] == rebuilt + CODE[at:]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_text(code):
    first, second = (
        json.loads(lacuna("fill", code, "--json", "--seed", "7", "--n", "2")[1]) for _ in range(2)
    )
    assert first["spans"] == second["spans"]


@pytest.mark.slow
def test_torch_and_onnx_take_the_same_options(code):
    result = json.loads(lacuna("fill", code, "--json", "--backend", "torch", *EVERYTHING)[1])
    assert result["backend"] == "torch" and all(span["text"] for span in result["spans"])


def test_a_position_and_a_range_are_filled(code):
    result = json.loads(
        lacuna("fill", code, "--json", "--at", "1:10", "--span", "5:7-5:11", *EVERYTHING)[1]
    )
    starts = [(span["start"], span["end"]) for span in result["spans"]]
    line5 = CODE.index("print")
    assert starts == [(9, 9), (line5 + 6, line5 + 10)]
    assert result["text"].startswith(CODE[:9])


@pytest.mark.parametrize(
    "text", ["a = ____\r\nb\t= 2 😀\r\n", "\ufeffx = ____", "é\u2028____ \f y\n", "x = ____"]
)
def test_write_replaces_only_the_blank_and_keeps_the_mode(tmp_path, text):
    path = tmp_path / "file.py"
    path.write_bytes(text.encode())
    path.chmod(0o640)
    status, out, _ = lacuna("fill", path, "--write", *EVERYTHING)
    assert status == 0 and out == ""
    before, after = text.split("____")
    written = path.read_bytes().decode()
    assert written.startswith(before) and written.endswith(after) and written != text
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["file.py"]


def test_write_follows_a_link(tmp_path):
    (tmp_path / "real.py").write_text("x = ____\n")
    (tmp_path / "link.py").symlink_to(tmp_path / "real.py")
    assert lacuna("fill", tmp_path / "link.py", "--write", *EVERYTHING)[0] == 0
    assert (tmp_path / "link.py").is_symlink() and (
        tmp_path / "real.py"
    ).read_text() != "x = ____\n"


def test_standard_input_is_filled():
    status, out, _ = lacuna("fill", "-", "--json", *EVERYTHING, stdin=b"I wish you a ____ year.\n")
    assert status == 0 and json.loads(out)["text"].startswith("I wish you a ")


def test_a_deadline_ends_the_fill(code):
    result = json.loads(lacuna("fill", code, "--json", "--deadline-ms", "1")[1])
    assert result["stopped"] == "deadline" and all(span["text"] for span in result["spans"])


def test_a_blank_in_an_otherwise_empty_file(tmp_path):
    (tmp_path / "a.txt").write_text("____")
    assert json.loads(lacuna("fill", tmp_path / "a.txt", "--json")[1])["spans"][0]["text"]


def test_a_line_of_ten_megabytes(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("word " * 1_000_000 + "____ " + "word " * 1_000_000)
    status, out, _ = lacuna("fill", path, "--json", *EVERYTHING)
    result = json.loads(out)
    assert status == 0 and result["ms"] < 5_000 and len(result["text"]) > 9_999_990


BAD_FILES = {
    "binary": (b"\x7fELF\0\0 ____", "binary"),
    "latin": ("caf\u00e9 ____".encode("latin-1"), "not UTF-8 at byte 3"),
    "empty": (b"", "has no blanks"),
    "no blanks": (b"x = 1\n", "has no blanks"),
    "only skipped": (b"_, __, ___ = t\n", "seen and skipped"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_cannot_be_filled_is_named_and_untouched(tmp_path, name):
    data, says = BAD_FILES[name]
    path = tmp_path / "bad.py"
    path.write_bytes(data)
    assert says in refused("fill", path, "--write")
    assert path.read_bytes() == data


@pytest.mark.slow
def test_missing_files_folders_and_positions_are_named(code, tmp_path):
    assert "no file" in refused("fill", tmp_path / "nothing.py")
    assert "is a folder" in refused("fill", tmp_path)
    assert "no line 99" in refused("fill", code, "--at", "99:1")
    assert "no column 99" in refused("fill", code, "--at", "1:99")
    assert "is not a place" in refused("fill", code, "--at", "here")
    assert "ends before" in refused("fill", code, "--span", "2:3-1:1")
    assert "--write needs a file" in refused("fill", "-", "--write")


def test_options_that_do_not_fit_are_named(code):
    assert "threshold" in refused("fill", code, "--threshold", "7")
    assert "cache" in refused("fill", code, "--cache", "magic")
    assert "no backend 'gpu'" in refused("fill", code, "--backend", "gpu")


@pytest.fixture
def model(bundled, tmp_path):
    return shutil.copytree(bundled, tmp_path / "model")


def test_damaged_models_are_named_and_the_file_is_untouched(code, model, tmp_path):
    assert "no model folder" in refused("fill", code, "--model", tmp_path / "nowhere")
    weights = model / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1000])
    assert "cut short" in refused("fill", code, "--write", "--model", model)
    weights.write_bytes(whole)
    graph = (model / "model.onnx").read_bytes()
    (model / "model.onnx").write_bytes(graph[: len(graph) // 2])
    assert "is cut short" in refused("fill", code, "--model", model)
    (model / "model.onnx").write_bytes(graph)
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"d_modle": 3}))
    assert "did you mean d_model" in refused("fill", code, "--model", model)
    assert code.read_text() == CODE


@pytest.mark.slow
def test_generate_takes_and_gives_ids(golden):
    arguments = (
        "--model",
        golden,
        "--backend",
        "torch",
        "--prompt-ids",
        "5,17,9",
        "--gen-length",
        "8",
        "--block-length",
        "8",
    )
    status, out, _ = lacuna("generate", *arguments, "--steps", "4", "--json")
    result = json.loads(out)
    assert status == 0 and len(result["ids"]) == 8 and result["nfe"] == 4


def test_generate_continues_text():
    arguments = ("--prompt", "import ", "--gen-length", "8", "--block-length", "8", "--steps", "8")
    status, out, _ = lacuna("generate", *arguments, "--json")
    result = json.loads(out)
    assert status == 0 and len(result["ids"]) == 8 and result["nfe"] == 8
    assert isinstance(result["text"], str) and not {3, 4} & set(result["ids"])  # no control tokens


@pytest.mark.slow
def test_generate_refuses_what_cannot_be():
    assert "either --prompt or --prompt-ids" in refused("generate")
    assert "multiple" in refused(
        "generate", "--prompt", "a", "--gen-length", "7", "--block-length", "3"
    )
    assert "token ids" in refused("generate", "--prompt-ids", "a,b")
    assert "full distributions" in refused(
        "generate", "--prompt", "a", "--temperature", "1", "--steps", "32"
    )


@pytest.mark.slow
def test_doctor_and_models_tell_what_is_here():
    status, out, _ = lacuna("doctor")
    assert status == 0 and "backend onnx" in out and "works" in out
    status, out, _ = lacuna("models")
    assert status == 0 and "lacuna-mini" in out and "9.0 M parameters" in out
    assert "licence  Apache-2.0" in out and "--speed" in out
    status, out, _ = lacuna("models", "--speed")
    found = re.search(r"speed +(\d+) ms a suggestion \(median of 7\), loaded in \d+ ms", out)
    assert status == 0 and found and int(found[1]) > 0


@pytest.mark.slow
def test_training_commands_name_what_is_wrong(tmp_path):
    assert "no run file" in refused("train", "pretrain", tmp_path / "x.toml")
    (tmp_path / "x.toml").write_text("steps = ")
    assert "not valid TOML" in refused("train", "pretrain", tmp_path / "x.toml")
    assert "no model folder" in refused("export", "onnx", tmp_path / "nothing", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_project_with_its_own_engine_folder_does_not_shadow_ours(tmp_path, code):
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("raise SystemExit('the wrong engine')\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    script = os.path.join(os.path.dirname(sys.executable), "lacuna")
    done = subprocess.run(
        [script, "fill", str(code), *EVERYTHING],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_the_demo_files_hold_blanks_that_are_filled():
    for name in ("inventory.py", "letter.md"):
        status, out, err = lacuna("fill", ROOT / "examples" / name, *EVERYTHING)
        assert status == 0 and out.count("\n+") > 2 and "filled in" in err


@pytest.mark.slow
def test_score_lists_the_most_surprising_tokens_and_writes_a_page(code, tmp_path):
    status, out, err = lacuna("score", code, "--html", tmp_path / "page.html")
    assert status == 0 and "width" in (tmp_path / "page.html").read_text()
    status, out, err = lacuna("score", code)
    assert status == 0 and "nats" in out and "passes" in err
    result = json.loads(lacuna("score", code, "--json")[1])
    assert result["nfe"] <= 8 and all(token["log_prob"] <= 0 for token in result["tokens"])
    assert json.loads(lacuna("score", "--ids", "40,50,60", "--json")[1])["nfe"] == 3
    assert "either a file or --ids" in refused("score")


@pytest.mark.parametrize(
    "arguments", [("fill",), ("fill", "--nope"), ("nothing",), ("generate", "--steps", "many")]
)
def test_wrong_usage_is_explained_without_a_trace(arguments):
    status, _, err = lacuna(*arguments)
    assert status == 2 and "Usage" in err and "Traceback" not in err and "internal" not in err


def test_help_is_help():
    status, out, _ = lacuna("fill", "--help")
    assert status == 0 and "--deadline-ms" in out


def test_a_missing_extra_is_named(tmp_path, code):
    blocker = "import sys, lacuna.cli.app\nsys.modules['rapidfuzz'] = None\nsys.argv = ['lacuna', 'eval', 'infill', 'x.jsonl']\n"
    done = subprocess.run(
        [sys.executable, "-c", blocker + "raise SystemExit(lacuna.cli.app.run())"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (
        2,
        "lacuna: rapidfuzz is missing; install lacuna-infill[eval].\n",
    )
