"""Fill-in-the-middle prompts of every known family, in both orders, are read back into their
parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.http.contracts.openai.fim_prompt import FAMILIES, parse_prompt

A, B = "def f(x):\n    return ", "\n\nprint(f(1))\n"
PROMPTS = {
    "Qwen-Coder": f"<|fim_prefix|>{A}<|fim_suffix|>{B}<|fim_middle|>",
    "Qwen-Coder, suffix first": f"<|fim_suffix|>{B}<|fim_prefix|>{A}<|fim_middle|>",
    "StarCoder": f"<fim_prefix>{A}<fim_suffix>{B}<fim_middle>",
    "StarCoder, suffix first": f"<fim_prefix><fim_suffix>{B}<fim_middle>{A}",
    "SantaCoder": f"<fim-prefix>{A}<fim-suffix>{B}<fim-middle>",
    "DeepSeek-Coder": f"<\uff5cfim\u2581begin\uff5c>{A}<\uff5cfim\u2581hole\uff5c>{B}<\uff5cfim\u2581end\uff5c>",
    "CodeLlama": f"<PRE> {A} <SUF>{B} <MID>",
    "CodeLlama, suffix first": f"<PRE> <SUF>{B} <MID> {A}",
    "CodeLlama, as tokenized": f"\u2581<PRE> {A} \u2581<SUF>{B} \u2581<MID>",
    "Codestral": f"[SUFFIX]{B}[PREFIX]{A}",
    "DeepSeek-Coder, with an ordinary bar": f"<|fim\u2581begin|>{A}<|fim\u2581hole|>{B}<|fim\u2581end|>",
    "Seed-Coder, suffix first": f"<[fim-suffix]>{B}<[fim-prefix]>{A}<[fim-middle]>",
    "Falcon-H1-Tiny-Coder": f"<|prefix|>{A}<|suffix|>{B}<|middle|>",
    "GLM": f"<|code_prefix|>{A}<|code_suffix|>{B}<|code_middle|>",
    "CodeGemma, with an end": f"<|fim_prefix|>{A}<|fim_suffix|>{B}<|fim_middle|><|cursor|>",
}


@pytest.mark.parametrize("family", PROMPTS)
def test_a_prompt_of_each_family_is_read(family):
    found = parse_prompt(PROMPTS[family])
    assert (found.prefix, found.suffix, found.files) == (A, B, ())


@given(
    st.sampled_from(FAMILIES),
    st.text(st.characters(exclude_characters="<[>]\u2581"), min_size=1),
    st.text("ab\n"),
)
def test_what_is_written_in_a_family_is_read_from_it(family, prefix, suffix):
    blank = " " if family.padded else ""
    found = parse_prompt(
        f"{family.prefix}{blank}{prefix}{blank}{family.suffix}{suffix}{blank}{family.middle}"
    )
    assert (found.prefix, found.suffix) == (prefix, suffix)


def test_files_of_a_repository_prompt_are_related_text_and_name_the_language():
    files = "<|repo_name|>shop\n<|file_sep|>util.py\nRATE = 3\n<|file_sep|>main.py\n"
    found = parse_prompt(files + PROMPTS["Qwen-Coder"])
    assert [(file.path, file.text) for file in found.files] == [("util.py", "RATE = 3\n")]
    assert (found.prefix, found.suffix, found.path) == (A, B, "main.py")


@pytest.mark.parametrize(
    "prompt",
    [
        f"[SUFFIX]{B}[PREFIX]+++++ util.py\nRATE = 3\n+++++ main.py\n{A}",
        f"<[fim-suffix]>{B}<[fim-prefix]><filename>util.py\nRATE = 3\n<filename>main.py\n{A}<[fim-middle]>",
    ],
    ids=["Codestral", "Seed-Coder"],
)
def test_files_behind_the_sentinel_are_related_text_and_the_last_is_completed(prompt):
    found = parse_prompt(prompt)
    assert [(file.path, file.text) for file in found.files] == [("util.py", "RATE = 3\n")]
    assert (found.prefix, found.suffix, found.path) == (A, B, "main.py")


@pytest.mark.parametrize("text", [A, "x = '<fim_prefix>'", "a [PREFIX]\nname = 1\n[SUFFIX]\n", ""])
def test_ordinary_text_is_a_prefix(text):
    found = parse_prompt(text)
    assert (found.prefix, found.suffix) == (text, None)
