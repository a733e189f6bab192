"""The GPU report, rehearsed on a CPU with a very small model."""

import json

import msgspec
import pytest
import torch

from benchmarks.speed import gpu_check
from engine.base.errors import BackendUnavailable


@pytest.mark.slow
def test_the_report_holds_every_part_and_goes_on_where_one_fails(config, tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_check, "gpu_tests", lambda: {"tests": "none"})
    monkeypatch.setattr(gpu_check, "WINDOW", 64)

    def broken(plan):
        raise BackendUnavailable("no GPU at all")

    monkeypatch.setattr(gpu_check, "bundled_times", broken)
    shape = msgspec.structs.replace(config, max_sequence_length=64)
    report = gpu_check.check(
        gpu_check.CheckPlan(torch.device("cpu"), shape, torch.bfloat16, 2, 0.001)
    )
    assert report["parity_float32_max_difference"] == 0 and report["parity_bfloat16_top1"] > 0.9
    assert report["bundled_failed"] == "BackendUnavailable: no GPU at all"
    assert 0 < report["cached_step_p50_ms"] < report["infill_32_of_1024_8_passes_p50_ms"]
    gpu_check.write(report, tmp_path, "gpu")
    assert json.loads((tmp_path / "gpu.json").read_text()) == report
    assert "| cached_step_share_of_floor |" in (tmp_path / "gpu.md").read_text()
