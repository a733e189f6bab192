"""The scaling experiment, very small: both kinds, a table, a plot, and nothing twice."""

import json

import pytest

from tests.training.objectives.test_pretrain import data  # noqa: F401  (fixture)
from training.experiments import scaling


@pytest.fixture
def run_file(data, tmp_path):  # noqa: F811
    path = tmp_path / "scaling.toml"
    path.write_text(
        f'out = "{tmp_path}/out"\ndata = "{data}"\ntokenizer = "{data}/tokenizer.json"\nplot = "{tmp_path}/plot.svg"\n'
        "mixture = { python = 1.0 }\nsteps = 4\nevaluate_every = 2\ncases = 6\ncompile = false\n"
        "sizes = [{ d_model = 32, n_layers = 1 }, { d_model = 64, n_layers = 1 }]\n[batch]\nrows = "
        "2\nlength = 128\n"
    )
    return path


@pytest.mark.slow
def test_both_kinds_of_every_size_are_trained_once_and_drawn(run_file, tmp_path, capsys):
    scaling.main([str(run_file)])
    lines = capsys.readouterr().out.splitlines()
    curves = json.loads(lines[-1])
    assert [(c["kind"], len(c["points"])) for c in curves] == [
        ("llada", 2),
        ("autoregressive", 2),
    ] * 2
    assert curves[0]["parameters"] < curves[2]["parameters"] and curves[0]["points"][0]["flops"] > 0
    assert (tmp_path / "plot.svg").read_text().startswith("<?xml")
    before = (tmp_path / "out" / "llada-32x1.json").stat().st_mtime_ns
    scaling.main([str(run_file)])
    assert (tmp_path / "out" / "llada-32x1.json").stat().st_mtime_ns == before
