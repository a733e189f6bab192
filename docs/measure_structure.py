"""How hard it is to find one's way in the code: folders, imports, lines, and what a keystroke
enters.

    python docs/measure_structure.py [CHECKOUT]

prints a table of Markdown. It measures any version of the code that has its packages at the top, so
two checkouts can be compared; docs/development.md holds the last comparison.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PACKAGES = ("engine", "lsp_server", "export", "training", "benchmarks", "lacuna")
TEXT = "import os\n\n\ndef area(width, height):\n    return width * height\n\n\ndef rim(w, h):\n"

SERVER = """
import signal, sys, threading
from pathlib import Path
root, seen, out = Path.cwd(), set(), sys.argv[1]
def enter(frame, event, argument):
    if event == "call":
        seen.add((frame.f_code.co_filename, frame.f_code.co_qualname))
def begin(number, frame):
    seen.clear()
def end(number, frame):
    Path(out + ".part").write_text("\\n".join(f"{f}\\t{n}" for f, n in list(seen)))
    Path(out + ".part").rename(out)
signal.signal(signal.SIGUSR1, begin)
signal.signal(signal.SIGUSR2, end)
threading.setprofile(enter)
sys.setprofile(enter)
sys.argv = ["lacuna", "lsp"]
try:  # not main, which starts a new interpreter
    from lacuna.cli.app import run
except ModuleNotFoundError:  # versions without that folder
    from lacuna.cli import run
run()
"""


def main() -> None:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    rows = {**folders(root), **imports(root), **lines(root), **keystroke(root)}
    for name, value in rows.items():
        sys.stdout.write(f"| {name} | {value} |\n")


def folders(root: Path) -> dict[str, object]:
    """Folders with code, and the most entries that one of them has."""
    found = [
        folder
        for package in PACKAGES
        for folder in [root / package, *(root / package).rglob("*")]
        if folder.is_dir() and any(folder.glob("*.py"))
    ]
    entries = {folder: len(_entries(folder)) for folder in found}
    fullest = max(found, key=lambda folder: entries[folder])
    return {
        "folders with code": len(found),
        "most entries in one": f"{entries[fullest]} ({fullest.relative_to(root)})",
    }


def _entries(folder: Path) -> list[Path]:
    hidden = ("__init__.py", "__pycache__", "py.typed")
    return [path for path in folder.iterdir() if path.name not in hidden]


def imports(root: Path) -> dict[str, object]:
    """Modules, import cycles, and the longest chain of imports."""
    import grimp

    sys.path.insert(0, str(root))
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)
    below = {
        module: graph.find_modules_directly_imported_by(module) for module in sorted(graph.modules)
    }
    components = _components(below)
    of = {module: i for i, component in enumerate(components) for module in component}
    depth: dict[int, int] = {}
    for i, component in enumerate(components):  # what is imported comes first
        outside = {of[other] for module in component for other in below[module]} - {i}
        depth[i] = 1 + max((depth[other] for other in outside), default=0)
    engine = max(
        (depth[of[module]] for module in below if module.split(".")[0] == "engine"), default=0
    )
    cycles = [component for component in components if len(component) > 1]
    return {
        "modules": len(below),
        "import cycles (modules in them)": f"{len(cycles)} ({sum(map(len, cycles))})",
        "longest chain of imports (in engine/)": f"{max(depth.values())} ({engine})",
    }


def _components(below: dict[str, set[str]]) -> list[list[str]]:
    """Strongly connected components, what is imported before what imports it (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(below[module]):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            component = []
            while not component or component[-1] != module:
                component.append(stack.pop())
            found.append(component)

    sys.setrecursionlimit(10_000)
    for module in below:
        if module not in index:
            visit(module)
    return found


def lines(root: Path) -> dict[str, object]:
    """Lines of code of every package, without blank ones, comments and docstrings."""
    return {f"lines of code in {package}/": _lines(root / package) for package in PACKAGES}


def _lines(package: Path) -> int:
    import ast

    total = 0
    for path in package.rglob("*.py"):
        tree, counted = ast.parse(path.read_text("utf-8")), set[int]()
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if isinstance(node, ast.expr | ast.stmt) and not is_text:
                counted.update((node.lineno, node.end_lineno or node.lineno))
        total += len(counted)
    return total


def keystroke(root: Path) -> dict[str, object]:
    """Files and functions of ours that the server enters from a change to its suggestion, warm."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from benchmarks.speed.lsp_client import LspClient

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "seen"
        command = [sys.executable, "-c", SERVER, str(out)]
        environment = os.environ | {"PYTHONPATH": str(root)}
        client = LspClient(command=command, cwd=root, env=environment, options={"delayMs": 0})
        client.open("file:///a/b.py", TEXT)
        line = TEXT.count("\n")
        for version, typed in enumerate(("    return 2", " *"), 2):
            time.sleep(20.0)  # the model is loaded, and whatever is done beforehand is done
            client.process.send_signal(signal.SIGUSR1)
            time.sleep(1.0)
            column = 0 if version == 2 else 12
            place = {"line": line, "character": column}
            change = {"range": {"start": place, "end": place}, "text": typed}
            client.change("file:///a/b.py", version, change)
            client.complete("file:///a/b.py", line, column + len(typed), kind=2)
        client.process.send_signal(signal.SIGUSR2)
        for _ in range(200):
            if out.exists():
                break
            time.sleep(0.1)
        entered = [entry.split("\t") for entry in out.read_text().splitlines()]
        client.process.kill()
    ours = [(file, name) for file, name in entered if file.startswith(f"{root}/")]
    ours = [(file, name) for file, name in ours if "/.venv" not in file]
    files = {file for file, _ in ours}
    engine = {file for file in files if file.startswith(f"{root}/engine/")}
    # Python 3.11 runs comprehensions as functions of their own; they belong to those around them.
    named = {(file, re.sub(r"(\.<locals>)?\.<\w+>.*", "", name)) for file, name in ours}
    return {
        "files that one keystroke enters (in engine/)": f"{len(files)} ({len(engine)})",
        "functions that one keystroke enters (with comprehensions)": (
            f"{len(named)} ({len(set(ours))})"
        ),
    }


if __name__ == "__main__":
    try:
        main()
    except subprocess.SubprocessError as exc:
        raise SystemExit(str(exc)) from exc
