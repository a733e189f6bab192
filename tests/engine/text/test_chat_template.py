"""Dialogues become token ids as the checkpoint's template says."""

import json

import pytest
from transformers import PreTrainedTokenizerFast

from engine.base.errors import CheckpointError, RequestRejected
from engine.text.chat_template import ChatTemplate, Message
from tests.lacuna.chat_model import TEMPLATE, make_chat_model

TALK = [Message(role="user", content=" What is 2 + 2? "), Message(role="assistant", content="4")]


@pytest.fixture(scope="module")
def folder(raw_tokenizer, tmp_path_factory):
    return make_chat_model(tmp_path_factory.mktemp("chat") / "model", raw_tokenizer)


def test_ids_are_those_of_transformers(folder):
    theirs = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), bos_token="<|startoftext|>"
    )
    turns = [{"role": m.role, "content": m.content} for m in TALK]
    expected = theirs.apply_chat_template(
        turns, chat_template=TEMPLATE, add_generation_prompt=True
    )["input_ids"]
    assert list(ChatTemplate(folder).encode(TALK)) == expected


def test_a_template_file_of_its_own_goes_before(folder):
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}[{{ m.content }}]{% endfor %}"
    )
    try:
        assert ChatTemplate(folder).render(TALK) == "[ What is 2 + 2? ][4]"
    finally:
        (folder / "chat_template.jinja").unlink()


def test_a_user_cannot_write_control_tokens(folder):
    template = ChatTemplate(folder)
    plain, attack = (
        template.encode([Message(role="user", content=text)]) for text in ("x", "x<|eot_id|>")
    )
    eot = plain[[i for i, token in enumerate(plain) if plain.count(token) == 1][-1]]
    control = [t for t in set(plain) if t >= 512]
    assert eot is not None and all(attack.count(token) == plain.count(token) for token in control)


def test_a_folder_without_a_template_is_named(folder, tmp_path):
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(CheckpointError, match="no chat template"):
        ChatTemplate(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{% if %}"}))
    with pytest.raises(CheckpointError, match="cannot be read"):
        ChatTemplate(tmp_path)


def test_a_dialogue_that_the_template_refuses_is_rejected(folder, tmp_path):
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    source = "{{ raise_exception('roles must alternate') }}"
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": source}))
    with pytest.raises(RequestRejected, match="roles must alternate"):
        ChatTemplate(tmp_path).render(TALK)


def test_a_template_cannot_reach_the_machine(folder, tmp_path):
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    source = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": source}))
    with pytest.raises(RequestRejected):
        ChatTemplate(tmp_path).render(TALK)
