"""Which model works: the one that is named, else the bundled one."""

import pytest

from engine import MINI, Engine, EngineError, find_model


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch):
    monkeypatch.delenv("LACUNA_MODEL", raising=False)


def test_the_bundled_model_works_where_none_is_named(tmp_path, monkeypatch):
    assert find_model() == find_model("mini") == MINI
    monkeypatch.chdir(tmp_path)
    assert find_model("mini") == MINI, "from any folder"


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
