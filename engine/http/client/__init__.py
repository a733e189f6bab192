"""The engine of another process, for programs of ours."""
