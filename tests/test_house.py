"""The house: layers, sizes, names, and what must not be in the repository."""

import ast
import importlib
import re
import subprocess
import sys

import pytest

from engine import MINI, MODELS
from tests.conftest import ROOT

PACKAGES = ("engine", "lsp_server", "export", "training", "benchmarks", "lacuna")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize(
    "module",
    [
        "engine",
        "engine.http.serve",
        "engine.http.client.http_engine",
        "lsp_server.server",
        "lacuna.cli.app",
    ],
)
def test_the_product_starts_without_torch_and_without_a_runtime(module):
    code = f"import sys, {module}; print([m for m in ('torch', 'onnxruntime', 'tensorrt', 'transformers') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_no_file_grows_beyond_what_a_head_holds():
    long = {
        str(path.relative_to(ROOT)): n
        for path in FILES
        if (n := len(path.read_text().splitlines())) > 300
    }
    assert not long


def test_every_module_says_what_it_is():
    silent = [
        p
        for p in FILES
        if p.read_text().strip() and not p.read_text().lstrip().startswith(('"""', 'r"""'))
    ]
    assert not silent


def test_python_is_never_started_so_that_it_searches_the_working_folder():
    """People run us inside projects, and ``python -m pip`` runs a pip/ that lies in one."""
    exempt = ROOT / "benchmarks" / "speed" / "gpu_check.py"  # runs the tests of this checkout
    searched = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            words = [ast.unparse(word) for word in getattr(node, "elts", ())]
            if words[:1] == ["sys.executable"] and not {"-P", "-I"} & set(
                re.findall(r"'(-\w)'", " ".join(words))
            ):
                searched.append(str(path.relative_to(ROOT)))
    for path in (p for p in tracked() if p.suffix in (".lua", ".ts")):
        lines = path.read_text().splitlines()
        searched += [line for line in lines if "'-m'" in line and not re.search("'-I'|ISOLA", line)]
    assert set(searched) - {str(exempt.relative_to(ROOT))} == set()


def test_tokenizers_are_loaded_where_their_patterns_are_checked():
    """A pattern that was made to take for ever would hang a training run as well."""
    loading = re.compile(r"\bTokenizer\.from_(?:file|str|buffer|pretrained)\(")
    found = {str(path.relative_to(ROOT)) for path in FILES if loading.search(path.read_text())}
    assert found == {"engine/text/tokenizer.py"}


@pytest.mark.parametrize("package", ["engine", "lacuna"])
def test_a_package_exports_exactly_what_it_imports_for_others(package):
    module = importlib.import_module(package)
    tree = ast.parse((ROOT / package / "__init__.py").read_text("utf-8"))
    imported = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "engine"
        for alias in node.names
    ]
    assert sorted(module.__all__) == sorted(imported)
    assert all(hasattr(module, name) for name in module.__all__)


def test_a_bundled_model_is_small_and_its_files_smaller():
    for folder in MODELS.iterdir():
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
        assert sum(sizes) <= (12 if folder == MINI else 150) * 2**20
        assert all(size < 48 * 2**20 for size in sizes)


def test_nothing_names_a_machine_or_a_registry():
    pattern = re.compile(
        r"/(?:root|home|work|Users)/\w|pypi\.org|files\.pythonhosted|registry\.npmjs|deb\.debian"
    )
    for path in tracked():
        if (
            path.suffix in (".py", ".md", ".toml", ".json", ".txt", ".onnx", ".ts", ".lua", "")
            and path.name != "test_house.py"
        ):
            found = pattern.search(path.read_text("utf-8", "ignore"))
            assert not found, (path, found)


def test_nobody_is_sent_to_a_stranger_for_an_extra():
    """On the package index ``lacuna`` is another project; ours is ``lacuna-infill``
    (``engine/base/advice.py``)."""
    old = re.compile(r"(?<![\w-])lacuna\[\w|pip install (?:-U )?[\"']?lacuna(?![\w-])")
    for path in tracked():
        if (
            path.suffix in (".py", ".md", ".toml", ".ts", ".lua", ".json", ".txt", "")
            and path.name != "test_house.py"
        ):
            assert not (found := old.search(path.read_text("utf-8", "ignore"))), (path, found)


def test_a_folder_holds_no_more_than_a_glance():
    """Twelve entries, not counting ``__init__.py`` and ``py.typed``; a file's folder says its
    layer."""
    inside: dict[str, set[str]] = {}
    for path in tracked():
        parts = path.relative_to(ROOT).parts
        if (
            parts[0] in ("engine", "training", "benchmarks")
            and "results" not in parts
            and "models" not in parts[:-1]
        ):
            for depth in range(1, len(parts)):
                inside.setdefault("/".join(parts[:depth]), set()).add(parts[depth])
    full = {
        folder: n
        for folder, names in inside.items()
        if (n := len(names - {"__init__.py", "py.typed"})) > 12
    }
    assert not full
