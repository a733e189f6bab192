"""Files of others are read with care; how each kind is refused is tested where it is read
(``tests/lsp_server/settings/test_files.py``)."""

import io

import pytest

from engine.base import regular_file
from engine.base.regular_file import read_regular_file


def test_no_more_is_read_than_tells_that_a_file_is_too_long(tmp_path, monkeypatch):
    asked = []

    class Endless(io.BytesIO):
        def read(self, size=-1):
            asked.append(size)
            return b"x" * max(size, 0)

    monkeypatch.setattr(regular_file, "open_regular_file", lambda path: Endless())
    with pytest.raises(OSError, match="larger than 10 bytes"):
        read_regular_file(tmp_path / "a", 10)
    assert asked == [11]
