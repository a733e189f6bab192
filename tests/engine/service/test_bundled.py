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


def limit(group, most, used, **cached):
    group.mkdir(parents=True, exist_ok=True)
    (group / "memory.max").write_text(f"{most}\n")
    (group / "memory.current").write_text(f"{used}\n")
    rows = {"anon": 1, "inactive_file": 0, "slab_reclaimable": 0} | cached
    (group / "memory.stat").write_text("".join(f"{name} {n}\n" for name, n in rows.items()))


def test_the_limits_of_a_container_and_of_a_service_count_and_cached_files_do_not(
    tmp_path, monkeypatch
):
    own = tmp_path / "own"
    own.write_text("0::/system.slice/lacuna.service\n")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    monkeypatch.setattr(memory, "OWN_CGROUP", own)
    assert memory.available_memory() > 2**20, "no group has a limit"
    limit(tmp_path, "max", 1000)
    assert memory.available_memory() > 2**20
    limit(tmp_path, 5000, 4000, inactive_file=2500, slab_reclaimable=200)
    assert memory.available_memory() == 3700
    limit(tmp_path / "system.slice" / "lacuna.service", 900, 1000)
    assert memory.available_memory() == 0


def test_several_processes_are_told_one_model(monkeypatch):
    monkeypatch.setattr(bundled, "available_memory", lambda: 0)
    assert bundled.name_of(None) == "mini" and bundled.name_of("base") == "base"
    assert bundled.name_of("/models/mine") == "/models/mine"


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
