"""Which model works: the one that is named, else the one that fits the machine."""

from types import SimpleNamespace

import pytest

from engine import Engine, EngineError
from engine.service import bundled


@pytest.fixture
def models(tmp_path, monkeypatch):
    """Folders of both models, and nothing in the environment."""
    base, mini = tmp_path / "lacuna-base", tmp_path / "lacuna-mini"
    base.mkdir(), mini.mkdir()
    monkeypatch.setattr(bundled, "BASE", base)
    monkeypatch.setattr(bundled, "MINI", mini)
    monkeypatch.setattr(bundled, "NAMES", {"base": base, "mini": mini})
    monkeypatch.delenv("LACUNA_MODEL", raising=False)
    return base, mini


def with_free_memory(monkeypatch, mebibytes):
    """Pretend that so much memory is free."""
    memory = SimpleNamespace(available=mebibytes * 2**20)
    monkeypatch.setattr(bundled.psutil, "virtual_memory", lambda: memory)


def test_the_large_model_works_where_memory_allows_it_and_the_small_one_elsewhere(
    models, monkeypatch
):
    base, mini = models
    with_free_memory(monkeypatch, 4_000)
    assert bundled.find_model() == base and not bundled.short_of_memory()
    with_free_memory(monkeypatch, 300)
    assert bundled.find_model() == mini and bundled.short_of_memory()
    monkeypatch.setenv("LACUNA_MODEL", "mini")
    assert not bundled.short_of_memory(), "it was asked for"


def test_what_is_named_comes_before_what_the_environment_names(models, tmp_path, monkeypatch):
    base, mini = models
    monkeypatch.setenv("LACUNA_MODEL", "mini")
    assert bundled.find_model() == mini
    assert bundled.find_model("base") == base
    assert bundled.find_model(tmp_path / "my-model") == tmp_path / "my-model"


def test_a_folder_of_ones_own_comes_before_a_bundled_model_of_its_name(
    models, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base").mkdir()
    assert bundled.find_model("base").resolve() == tmp_path / "base"


def test_a_model_that_is_not_there_is_told_by_name():
    with pytest.raises(EngineError, match="large"):
        Engine(bundled.find_model("large"))
