"""What is fuzzed: functions of bytes. Each takes any input, and may refuse it with a sentence;
nothing else may leave it."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from benchmarks.speed.lsp_client import encode
from engine.base.errors import EngineError
from engine.base.regular_file import decode_json
from engine.http.contracts.bodies import decode_body
from engine.http.contracts.errors import HttpError
from engine.http.contracts.llama_types import InfillBody
from engine.http.contracts.openai.types import ChatBody, CompletionBody
from engine.http.contracts.own import BeforeBody, FillBody, RewriteBody, ScoreBody
from engine.network.config_file import parse_model_config
from engine.network.weights import tensor_entries
from engine.request.blank_markers import find_blanks
from engine.text.chat_template import ChatTemplate, Message
from engine.text.pattern_check import trouble
from engine.text.tokenizer import TextTokenizer
from lsp_server.settings.schema import Layer, read_settings
from lsp_server.transport.framing import Framing
from lsp_server.transport.protocol import LacunaProtocol
from lsp_server.transport.session import Session

LANGUAGES = ("python", "markdown", "plaintext", "html")
MESSAGES = [Message(role="user", content="a <s> b"), Message(role="assistant", content="c")]


@cache
def _folder() -> Path:
    """A folder for files, removed when the process ends."""
    kept.append(TemporaryDirectory())
    return Path(kept[-1].name)


kept: list[TemporaryDirectory[str]] = []


def _file(name: str, data: bytes) -> Path:
    path = _folder() / name
    path.write_bytes(data)
    return path


def markers(data: bytes) -> None:
    """Blanks lie in the text, in order, apart from each other, and every marker is either taken or
    passed over."""
    text = data.decode("utf-8", "surrogateescape")
    for language in LANGUAGES:
        found = find_blanks(text, language)
        ranges = sorted((one.start, one.end) for one in (*found.spans, *found.skipped))
        assert all(0 <= start < end <= len(text) for start, end in ranges)
        assert all(first[1] <= second[0] for first, second in zip(ranges, ranges[1:], strict=False))
        assert all(reason.reason for reason in found.skipped)


def settings(data: bytes) -> None:
    """Whatever a file of settings holds, there are settings, and a sentence for what was wrong."""
    try:
        raw: object = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        try:
            raw = decode_json(data)
        except ValueError:
            return
    found, complaints = read_settings(Layer("a file", raw))
    assert found is not None and all("\n" not in complaint or complaint for complaint in complaints)


def model_config(data: bytes) -> None:
    try:
        raw = decode_json(data)
    except ValueError:
        return
    if isinstance(raw, dict):
        config = parse_model_config(raw)
        assert config.head_dim >= 1 and 0 <= config.mask_token_id < config.embedding_rows


def weights_header(data: bytes) -> None:
    """Accepted tensors lie in the file, one behind the other."""
    found = tensor_entries(_file("model.safetensors", data))
    assert all(
        entry.offset + entry.length <= len(data) and entry.length >= 0 for entry in found.values()
    )


def tokenizer(data: bytes) -> None:
    """What is loaded tokenises and gives text back."""
    found = TextTokenizer(_file("tokenizer.json", data))
    found.decode(found.encode("def f(x):\n    return x  # é\n"))


def tokenizer_pattern(data: bytes) -> None:
    """A pattern that is let through matches a hostile text at once."""
    pattern = data.decode("utf-8", "replace")
    if not trouble(pattern):
        from tokenizers import Regex, pre_tokenizers

        try:
            splitter = pre_tokenizers.Split(Regex(pattern), "isolated")
        except Exception:  # the library's own class of errors: no pattern at all
            return
        splitter.pre_tokenize_str("a" * 60 + "!")


_WORDS = {
    "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "a"},
    "added_tokens": [],
}


def chat_template(data: bytes) -> None:
    """A template is read and rendered, or refused."""
    folder = _file("tokenizer.json", json.dumps({"version": "1.0", **_WORDS}).encode()).parent
    _file("chat_template.jinja", data)
    ChatTemplate(folder).render(MESSAGES)


class _Recorder(LacunaProtocol):
    """The real parsing of messages; what would be handled is only written down."""

    def __init__(self) -> None:
        super().__init__(LanguageServer("fuzz", "0"), default_converter())
        self.settled: list[object] = []
        """Ids of requests that were refused, or handed on to be answered."""

    def write(self, message: dict[str, Any]) -> None:
        self.settled.append(message["id"])

    def handle_message(self, message: Any) -> None:
        self.settled.append(getattr(message, "id", None))

    def lost_message(self) -> None:
        pass

    def lost_edit(self, params: Any) -> None:
        pass


@cache
def _recorder() -> _Recorder:
    return _Recorder()


def lsp_stream(data: bytes) -> None:
    """Whatever a client sends, every request is refused or handed on, once; where the stream is cut
    into chunks changes nothing."""
    protocol = _recorder()

    def settled(*chunks: bytes) -> list[object]:
        protocol.settled = []
        session = Session(protocol, lambda code: None)
        for chunk in chunks:
            _drive(session.feed(chunk))
        return protocol.settled

    whole = settled(data)
    assert settled(data[: len(data) // 3], data[len(data) // 3 :]) == whole
    assert Counter(i for i in whole if i is not None) == Counter(_asked(data))


def _asked(data: bytes) -> Iterator[int | str]:
    """The ids that have to be answered, up to the end of the conversation."""
    for body in Framing().feed(data):
        try:
            message = json.loads(body) if isinstance(body, bytes) else None
        except (ValueError, RecursionError):
            continue
        if not isinstance(message, dict):
            continue
        ours = message.get("jsonrpc") == "2.0"
        if ours and message.get("method") == "exit" and ("id" not in message or _id(message)):
            return
        if (not ours or "method" in message) and _id(message):
            yield message["id"]


def _id(message: dict[str, Any]) -> bool:
    """Whether a message has an id that JSON-RPC knows."""
    identifier = message.get("id")
    return isinstance(identifier, int | str) and not isinstance(identifier, bool)


def _drive(work: Coroutine[Any, Any, None]) -> None:
    """Run what waits for nothing but its turn."""
    with suppress(StopIteration):
        while True:
            work.send(None)


BODIES = (FillBody, RewriteBody, BeforeBody, ScoreBody, InfillBody, CompletionBody, ChatBody)


def http_bodies(data: bytes) -> None:
    """A body is one of the contract's, or refused in a sentence that does not quote it."""
    for kind in BODIES:
        try:
            decode_body(data, kind)
        except HttpError as refused:
            assert 400 <= refused.status < 500 and str(refused).strip()


def gguf(data: bytes) -> None:
    from training.convert.gguf_file import read_gguf

    read_gguf(_file("model.gguf", data))


def _has_gguf() -> bool:
    try:
        import training.convert.gguf_file  # noqa: F401
    except ImportError:
        return False
    return True


TARGETS: dict[str, Callable[[bytes], None]] = {
    "markers": markers,
    "settings": settings,
    "model_config": model_config,
    "weights_header": weights_header,
    "tokenizer": tokenizer,
    "tokenizer_pattern": tokenizer_pattern,
    "chat_template": chat_template,
    "lsp_stream": lsp_stream,
    "http_bodies": http_bodies,
}
if _has_gguf():
    TARGETS["gguf"] = gguf


def run(name: str, data: bytes) -> None:
    """Give one input to a target; a refusal with a sentence is as good as an answer."""
    try:
        TARGETS[name](data)
    except EngineError as exc:
        assert str(exc).strip(), "a refusal says why"


def seeds(name: str) -> list[bytes]:
    """Inputs to begin with: what the files of this repository hold, and what once failed
    (``corpus/NAME/``)."""
    root = Path(__file__).parents[2]
    model = root / "engine" / "models" / "lacuna-mini"
    weights = (model / "model.safetensors").read_bytes()
    size = 8 + int.from_bytes(weights[:8], "little")
    small = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    usual = {
        "markers": [
            b'x = ____\n<fill tokens=8 name=x keep="a b">\n\\___ def f(___): for ____ in x',
            b"_, __, ___ = t\n---\n___\n",
        ],
        "settings": [
            b'enabled = true\nblank_markers = ["____"]\n',
            b'{"drafts": true, "minConfidence": 0.5}',
        ],
        "model_config": [(model / "config.json").read_bytes()],
        "weights_header": [weights[:size], len(small).to_bytes(8, "little") + small + b"x" * 8],
        "tokenizer": [json.dumps({"version": "1.0", **_WORDS}).encode()],
        "tokenizer_pattern": [
            rb"'s|'t| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
            rb"(a+)+$",
        ],
        "chat_template": [
            b"{% for m in messages %}{{ m.role }}: {{ m['content'] }}\n{% endfor %}{{ raise_exception('x') }}"
        ],
        "lsp_stream": [
            encode({"id": 1, "method": "initialize", "params": {"capabilities": {}}})
            + encode({"method": "textDocument/didOpen", "params": {"textDocument": {"uri": "a:"}}})
            + encode({"id": "2", "method": "textDocument/codeLens", "params": {}})
            + encode({"id": 2, "method": "shutdown"})
            + encode({"method": "exit"}),
            b"Content-Length: 2\r\n\r\n{}content-type: x\r\nContent-Length: 4\r\n\r\nnull",
        ],
        "http_bodies": [
            b'{"text": "a ____", "spans": [{"start": 2, "end": 6, "pins": ["b"]}], "n": 2}',
            b'{"input_prefix": "a", "input_suffix": "b", "input_extra": [{"text": "c"}]}',
            b'{"prompt": "a", "suffix": "b", "stop": ["c"], "stream": true, "max_tokens": 3}',
            b'{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}',
        ],
        "gguf": [b"GGUF\x03\x00\x00\x00" + b"\x00" * 16],
    }
    kept_ones = sorted((Path(__file__).parent / "corpus" / name).glob("*"))
    return usual[name] + [path.read_bytes() for path in kept_ones]
