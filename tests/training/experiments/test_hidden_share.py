"""The ablation of the hidden context, very small: one row a share, and nothing twice."""

from tests.training.objectives.test_pretrain import data  # noqa: F401  (fixture)
from training.experiments import hidden_share


def test_every_share_is_trained_once_and_judged_with_every_cache(data, tmp_path, capsys):  # noqa: F811
    path = tmp_path / "run.toml"
    path.write_text(
        f'out = "{tmp_path}/out"\ndata = "{data}"\ntokenizer = "{data}/tokenizer.json"\nmixture = {{ python = 1.0 }}\n'
        "shares = [0.0, 1.0]\nsteps = 3\ncases = 5\ncompile = false\n[batch]\nrows = 2\nlength = "
        "128\n[model]\n"
        "d_model = 32\nn_layers = 1\nn_heads = 2\nmlp_hidden_size = 64\nvocab_size = "
        "512\nmask_token_id = 2\n"
        'eos_token_id = 1\nexpand_token_id = 3\ndelete_token_id = 4\ncontext_attention = "hidden"\n'
    )
    hidden_share.main([str(path)])
    first = capsys.readouterr().out
    head, *rows = first.splitlines()
    assert head.split()[-3:] == ["hidden", "none", "dual"] and [row.split()[0] for row in rows] == [
        "0.00",
        "1.00",
    ]
    before = (tmp_path / "out" / "share-1.0.json").stat().st_mtime_ns
    hidden_share.main([str(path)])
    assert (
        capsys.readouterr().out == first
        and (tmp_path / "out" / "share-1.0.json").stat().st_mtime_ns == before
    )
