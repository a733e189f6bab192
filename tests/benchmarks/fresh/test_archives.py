"""Fetching by hash: real pip and unearth on archives made here, with no index."""

import io
import sys
import tarfile
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from benchmarks.fresh import archives
from benchmarks.fresh.archives import FreshPackage, cache_folder, fetch_fresh
from training.data.packages import sha256


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


METADATA = "Metadata-Version: 2.1\nName: little\nVersion: 1.0\n"


def package(archive, digest=None):
    return FreshPackage(
        name="little",
        version="1.0",
        file=archive.name,
        sha256=digest or sha256(archive),
        licence="MIT",
        first_published="2026-08",
        use="final",
    )


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel that asks for a Python that nobody has; pip finds it in a folder alone."""
    path = tmp_path / "index" / "little-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("little.py", "raise SystemExit('imported')\n")
        out.writestr("little-1.0.dist-info/METADATA", METADATA + "Requires-Python: >=9\n")
        out.writestr("little-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        out.writestr("little-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    return path


def test_a_wheel_comes_by_its_hash_and_a_second_time_not_at_all(wheel, tmp_path):
    folder = tmp_path / "cache"
    [archive] = fetch_fresh([package(wheel)], folder)
    assert archive.read_bytes() == wheel.read_bytes()
    wheel_bytes = package(wheel)
    wheel.unlink()
    assert fetch_fresh([wheel_bytes], folder) == [archive]


def test_a_wheel_of_another_hash_does_not_come(wheel, tmp_path):
    folder = tmp_path / "cache"
    with pytest.raises(ValueError, match="pip could not fetch"):
        fetch_fresh([package(wheel, "0" * 64)], folder)
    assert not list(folder.iterdir())


def test_a_file_that_was_changed_in_the_cache_is_an_error_with_the_way_out(wheel, tmp_path):
    folder = tmp_path / "cache"
    [archive] = fetch_fresh([package(wheel)], folder)
    archive.write_bytes(b"something else")
    with pytest.raises(ValueError, match="delete it and run again"):
        fetch_fresh([package(wheel)], folder)


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A source distribution whose build backend must not run, on an index of this machine."""
    path = tmp_path / "index" / "little" / "little-1.0.tar.gz"
    path.parent.mkdir(parents=True)
    files = {
        "PKG-INFO": METADATA,
        "setup.py": f"open({str(tmp_path / 'ran')!r}, 'w')\n",
        "src/lib.rs": "fn main() {}\n",
    }
    with tarfile.open(path, "w:gz") as out:
        for name, text in files.items():
            member = tarfile.TarInfo(f"little-1.0/{name}")
            member.size = len(text)
            out.addfile(member, io.BytesIO(text.encode()))
    (path.parent / "index.html").write_text(f'<a href="{path.name}">{path.name}</a>')
    handler = partial(Quiet, directory=str(tmp_path / "index"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    real = archives.subprocess.run

    def from_here(command, **options):
        return real([*command, "--index-url", f"http://127.0.0.1:{server.server_port}"], **options)

    monkeypatch.setattr(archives.subprocess, "run", from_here)
    yield path
    server.shutdown()
    server.server_close()


def test_a_source_distribution_comes_without_being_built(source, tmp_path):
    [archive] = fetch_fresh([package(source)], tmp_path / "cache")
    assert archive.read_bytes() == source.read_bytes()
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [source.name]
    assert not (tmp_path / "ran").exists()


def test_a_source_distribution_of_another_hash_does_not_come(source, tmp_path):
    with pytest.raises(ValueError, match="another SHA-256"):
        fetch_fresh([package(source, "0" * 64)], tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_a_client_that_fails_says_why_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ValueError, match=r"^unearth could not fetch [^\n]*$"):
        fetch_fresh([package(tmp_path / "little-1.0.tar.gz", "0" * 64)], tmp_path / "cache")


def test_the_cache_lies_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("LACUNA_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "fresh"
    monkeypatch.delenv("LACUNA_CACHE")
    assert cache_folder().parts[-2:] == ("lacuna", "fresh")
