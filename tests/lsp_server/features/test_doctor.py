"""The doctor never runs code of the workspace, wherever the server was started."""

import asyncio

import pytest

from lsp_server.features import status


@pytest.fixture
def trap(tmp_path, monkeypatch):
    """A workspace whose modules have the names of ours, and of what we import, and leave a mark
    when they run."""
    mark = tmp_path / "ran"
    for name in ("lacuna", "engine", "typer", "onnxruntime", "numpy", "sitecustomize"):
        (tmp_path / name).mkdir()
        for file in ("__init__.py", "__main__.py"):
            (tmp_path / name / file).write_text(f"open({str(mark)!r}, 'a').write('ran')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return mark


@pytest.mark.slow
def test_code_of_the_workspace_does_not_run(trap):
    said = asyncio.run(status.examine())
    assert not trap.exists() and "python" in said


def test_a_doctor_that_hangs_is_ended_and_told(monkeypatch, tmp_path):
    script = tmp_path / "hang"
    script.write_text("#!/bin/sh\nexec sleep 600\n")
    script.chmod(0o755)
    monkeypatch.setattr(status.sys, "executable", str(script))
    monkeypatch.setattr(status, "DOCTOR_S", 0.5)
    assert "terminal" in asyncio.run(status.examine())
