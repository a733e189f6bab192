"""Which model works: the one that is named, else the bundled one."""

import pytest

from engine import BASE, MINI, Engine, EngineError, find_model
from engine.base import memory
from engine.service import bundled


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch):
    monkeypatch.delenv("LACUNA_MODEL", raising=False)


@pytest.mark.parametrize(
    ("free", "model"),
    [(None, BASE), (8 << 30, BASE), (bundled.BASE_NEEDS, BASE), (bundled.BASE_NEEDS - 1, MINI)],
)
def test_the_large_model_works_where_none_is_named_and_memory_is_not_short(
    free, model, monkeypatch
):
    monkeypatch.setattr(bundled, "available_memory", lambda: free)
    assert find_model() == model
    assert find_model("base") == BASE and find_model("mini") == MINI, "what is named is what works"


def test_the_limit_of_a_container_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    plain = memory.available_memory()
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1000\n")
    assert plain is not None and memory.available_memory() > 2**20, "none is set"
    (tmp_path / "memory.max").write_text("5000\n")
    assert memory.available_memory() == 4000


def test_bundled_models_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_model("mini") == MINI and find_model("base") == BASE


def test_what_is_named_comes_before_what_the_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv("LACUNA_MODEL", str(tmp_path / "other"))
    assert find_model() == tmp_path / "other"
    assert find_model("mini") == MINI
    assert find_model(tmp_path / "my-model") == tmp_path / "my-model"


def test_a_folder_of_ones_own_comes_before_a_bundled_model_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mini").mkdir()
    assert find_model("mini").resolve() == tmp_path / "mini"


def test_a_model_that_is_not_there_is_told_by_name():
    with pytest.raises(EngineError, match="large"):
        Engine(find_model("large"))
