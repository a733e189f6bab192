"""Real Vim with the real llama.vim against `lacuna serve`: a suggestion is shown, accepted and on
disk."""

import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.engine.http.servers import lacuna_serve

PLUGIN = os.environ.get("LACUNA_LLAMA_VIM", "")
VIM = os.environ.get("LACUNA_VIM", "")
READY = VIM if PLUGIN and shutil.which("curl") else ""
# Never required: the plugin is somebody else's repository, which not every machine reaches.
pytestmark = pytest.mark.skipif(
    not READY, reason="no Vim 9.1, llama.vim or curl; `make test-editors` fetches what it can"
)
CODE = "def area(width, height):\n    return width * height\n\n\ndef volume(width, height, depth):\n    return \n"
VIMRC = """
set nocompatible nomore shortmess+=I
set runtimepath^=%s
let g:llama_config = {'endpoint_fim': '%s/infill', 'show_info': 1, 'ring_update_ms': 200}
runtime plugin/llama.vim
let g:waits = 0
function! Look(timer)
    let g:waits += 1
    if llama#is_fim_hint_shown()
        let g:info = &statusline
        call writefile([g:info], '%s')
        call llama#fim_accept('full')
        stopinsert
        call feedkeys("\\<Esc>:wq!\\<CR>", 't')
    elseif g:waits > 400
        cquit
    endif
endfunction
autocmd VimEnter * call cursor(6, 1) | call feedkeys('A') | call timer_start(50, 'Look', {'repeat': -1})
"""


@pytest.mark.slow
def test_a_suggestion_is_shown_accepted_and_written(tmp_path):
    file, info, vimrc = tmp_path / "shop.py", tmp_path / "info", tmp_path / "vimrc"
    file.write_text(CODE)
    with lacuna_serve(tmp_path) as (_, url, _):
        vimrc.write_text(VIMRC % (Path(PLUGIN), url, info))
        status = run_in_terminal([VIM, "-u", str(vimrc), "-i", "NONE", "-n", str(file)])
    assert status == 0
    written = file.read_text()
    before, after = CODE.split("    return \n")
    assert written.startswith(before + "    return ")
    assert written != CODE
    assert written.removeprefix(before + "    return ").strip(), "nothing was inserted"
    # The figures are shown only when all of them are in the answer.
    assert re.search(r"t/s|ms", info.read_text()), info.read_text()


def run_in_terminal(command, seconds=60):
    """Exit status of a program that wants a terminal."""
    master, slave = pty.openpty()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), slave)
    process = subprocess.Popen(
        command, **streams, env=os.environ | {"TERM": "xterm"}, start_new_session=True
    )
    os.close(slave)
    end = time.monotonic() + seconds
    try:
        while process.poll() is None and time.monotonic() < end:
            if select.select([master], [], [], 0.1)[0]:
                os.read(master, 65536)
    except OSError:  # the terminal is closed: it has ended
        pass
    finally:
        os.close(master)
    try:
        return process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
