"""Supervised fine-tuning: LLaDA's loss, prompts that stay, dialogues, adapters."""

import json

import msgspec
import pytest
import torch
from safetensors.torch import load_file

from engine import Engine
from engine.llada.generate import GenerateRequest
from engine.network.checkpoint import load_checkpoint
from tests.lacuna.chat_model import make_chat_model
from tests.lacuna.test_cli import refused
from training.examples.loss import masked_cross_entropy
from training.loop.lora import LoraConfig
from training.loop.optim import OptimConfig
from training.loop.run_state import last_run_state
from training.objectives.sft import DialogueEncoder, Pair, SftConfig, read_dialogues, sft_rows, tune


@pytest.fixture(scope="module")
def checkpoint(raw_tokenizer, tmp_path_factory):
    return make_chat_model(tmp_path_factory.mktemp("sft") / "model", raw_tokenizer)


@pytest.fixture
def run(checkpoint, tmp_path):
    lines = [
        json.dumps({"prompt": f"say {word}", "response": word * 2}) for word in ("a", "b", "c", "d")
    ]
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    return SftConfig(
        out=tmp_path / "run",
        tokenizer=checkpoint / "tokenizer.json",
        init_from=checkpoint,
        steps=150,
        rows=8,
        length=64,
        train=(tmp_path / "train.jsonl",),
        validation=(tmp_path / "train.jsonl",),
        compile=False,
        precision="no",
        optim=OptimConfig(kind="adamw", learning_rate=5e-3),
        save_every=150,
    )


def answers(folder, encoder, words):
    with Engine(folder, "torch") as engine:
        found = {}
        for word in words:
            prompt = encoder.pair(read_turns(word), 1).prompt
            request = GenerateRequest(
                prompt_ids=tuple(prompt), gen_length=4, block_length=4, steps=4
            )
            ids = list(engine.generate(request).ids)
            ids = (
                ids[: ids.index(engine.config.eos_token_id)]
                if engine.config.eos_token_id in ids
                else ids
            )
            found[word] = engine.tokenizer.decode(ids)
        return found


def read_turns(word):
    from engine.text.chat_template import Message

    return (Message(role="user", content=f"say {word}"), Message(role="assistant", content=""))


def test_the_loss_is_that_of_the_reference(golden):
    tensors, model = load_file(golden / "golden.safetensors"), load_checkpoint(golden)
    ids, noisy, lengths = (
        tensors["pretrain/input_ids"],
        tensors["sft/noisy"],
        tensors["sft/prompt_lengths"],
    )
    masked = noisy == model.config.mask_token_id
    places = torch.arange(ids.shape[1])[None]
    answer = (places >= lengths[:, None]).sum(1, keepdim=True).expand_as(ids)
    p_mask = ((1 - 1e-3) * tensors["pretrain/t"] + 1e-3)[:, None].expand_as(ids)
    from training.examples.loss import sft_weights

    weights = sft_weights(p_mask[masked], answer[masked], len(ids))
    found = masked_cross_entropy(model(noisy)[masked], ids[masked], weights)
    assert float(found) == pytest.approx(float(tensors["sft/loss"]), rel=1e-5)


def test_prompts_are_never_masked_and_padding_is_part_of_the_answer(config):
    pairs = [Pair([20, 21, 22], [30]), Pair([20], [30, 31, 32, 33, 34])]
    seen = torch.zeros(2, 7, dtype=torch.bool)
    for seed in range(50):
        rows = sft_rows(pairs, config, torch.Generator().manual_seed(seed))
        seen |= rows.input_ids == config.mask_token_id
        assert rows.input_ids[0, :3].tolist() == [20, 21, 22] and rows.input_ids[1, 0] == 20
        assert ((rows.weights > 0) == (rows.input_ids == config.mask_token_id)).all()
    assert seen[0, 3:].all() and seen[1, 1:].all()
    assert rows.targets[0].tolist() == [20, 21, 22, 30, 1, 1, 1]


def test_an_autoregressive_twin_learns_the_answer_and_one_end_token(config):
    causal = msgspec.structs.replace(config, causal=True)
    rows = sft_rows([Pair([20, 21], [30]), Pair([20], [30, 31, 32])], causal, torch.Generator())
    labelled = [rows.targets[i][rows.weights[i] > 0].tolist() for i in range(2)]
    assert labelled == [[30, 1], [30, 31, 32, 1]]


@pytest.mark.slow
@pytest.mark.parametrize("lora", [None, LoraConfig(rank=8)], ids=["whole model", "adapters"])
def test_a_tuned_model_answers_as_it_was_taught_and_goes_on_after_a_stop(
    run, lora, tmp_path, checkpoint
):
    run = msgspec.structs.replace(run, lora=lora, save_every=75)
    tune(run)
    last_run_state(run.out).rename(run.out / "gone")
    tune(run)
    folder = last_run_state(run.out)
    for name, value in load_file(run.out / "gone" / "model.safetensors").items():
        torch.testing.assert_close(load_file(folder / "model.safetensors")[name], value)
    rows = [json.loads(line) for line in (run.out / "metrics.jsonl").read_text().splitlines()]
    values = [row["val_sft"] for row in rows if "val_sft" in row]
    if lora is not None:  # adapters beside random matrices learn little, but they learn
        assert values[-1] < values[0] - 0.3
        return
    found = answers(folder, DialogueEncoder(checkpoint, run.tokenizer), "abcd")
    assert sum(found[word] == word * 2 for word in "abcd") >= 3, found
    assert values[-1] < 1.0


def test_one_answer_of_a_dialogue_is_learnt_at_a_time(run, tmp_path, checkpoint):
    turns = [("user", "one"), ("assistant", "1"), ("user", "two"), ("assistant", "2")]
    record = {"messages": [{"role": role, "content": content} for role, content in turns]}
    (tmp_path / "talk.jsonl").write_text(json.dumps(record))
    from training.objectives.sft import SftObjective

    encoder = DialogueEncoder(checkpoint, run.tokenizer)
    model = load_checkpoint(checkpoint).config
    objective = SftObjective(model, read_dialogues((tmp_path / "talk.jsonl",)), [], encoder, run)
    lengths = {
        tuple(
            (objective.batch(step).targets[0] != model.eos_token_id).sum(0, keepdim=True).tolist()
        )
        for step in range(8)
    }
    assert len(lengths) == 2


def test_edits_and_unusable_records(tmp_path, capsys):
    lines = [
        json.dumps({"instruction": "Shorten.", "before": "a b c", "after": "a"}),
        '{"prompt": "no answer"}',
        "not json",
        json.dumps({"messages": [{"role": "user", "content": "alone"}]}),
    ]
    (tmp_path / "mixed.jsonl").write_text("\n".join(lines))
    [turns] = read_dialogues((tmp_path / "mixed.jsonl",))
    assert turns[0].content == "Shorten.\n\na b c" and turns[1].content == "a"
    assert "3 records skipped" in (said := capsys.readouterr().err) and "mixed.jsonl:3" in said


@pytest.mark.slow
def test_nothing_to_learn_is_named(run, tmp_path):
    toml = tmp_path / "sft.toml"
    (tmp_path / "empty.jsonl").write_text("")
    toml.write_text(
        f'out = "{tmp_path}/o"\ntokenizer = "{run.tokenizer}"\ninit_from = "{run.init_from}"\nsteps = 1\n'
        f'train = ["{tmp_path}/empty.jsonl"]\n'
    )
    assert "no usable records" in refused("train", "sft", toml)
    assert "did you mean" in refused("train", "sft", toml, "lenght=3")
