"""Which checkpoints of a run may go."""

from training.loop.run_state import prunable_checkpoints


def test_pruning_leaves_a_checkpoint_that_holds_a_file_of_the_user(tmp_path):
    for step in (1, 2):
        folder = tmp_path / f"step-{step:07d}"
        folder.mkdir()
        (folder / "state.pt").touch()
    (tmp_path / "step-0000001" / "my-notes.md").write_text("precious")
    assert [path.name for path in prunable_checkpoints(tmp_path)] == ["step-0000002"]
