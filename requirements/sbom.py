"""What Lacuna is made of: a bill of materials (CycloneDX 1.6, JSON) and a table of licences, from
the locked requirements.

    python requirements/sbom.py LOCK OUT.json [LICENCES.md]

Names, versions and hashes are those of LOCK; licences are read from the metadata of what is
installed, and are unknown for what is locked for another system. What is bundled into the page of
`lacuna serve` comes from its own lock. The table also lists the packages whose text the bundled
model learnt from.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import json
import re
import sys
from pathlib import Path
from typing import Any

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_COPYLEFT = re.compile(r"(?i)\b(A?GPL|GNU (Affero )?General Public)")
ROOT = Path(__file__).parents[1]


def pinned(lock: str) -> list[tuple[str, str, list[str]]]:
    """(name, version, SHA-256 of its files) of every package of a lock."""
    starts = list(_PIN.finditer(lock))
    ends = [match.start() for match in starts[1:]] + [len(lock)]
    return [
        (m[1], m[2], _HASH.findall(lock, m.end(), end)) for m, end in zip(starts, ends, strict=True)
    ]


def bundled() -> list[tuple[str, str, str, str]]:
    """(name, version, licence, SHA-512 of its archive) of every package that the page is bundled
    from."""
    lock = json.loads((ROOT / "engine/http/page/package-lock.json").read_text("utf-8"))
    return [
        (
            path.removeprefix("node_modules/"),
            package["version"],
            package["license"],
            base64.b64decode(package["integrity"].removeprefix("sha512-")).hex(),
        )
        for path, package in sorted(lock["packages"].items())
        if path and not package.get("dev")
    ]


def licence(name: str) -> str:
    """As the package itself says it; ``unknown`` where it is not installed here."""
    try:
        about = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown (not installed here)"
    if expression := about.get("License-Expression"):
        return str(expression)
    named = [
        value.rsplit(" :: ", 1)[-1]
        for value in about.get_all("Classifier") or []
        if value.startswith("License ::")
    ]
    short = (about.get("License") or "").strip().splitlines()
    return " / ".join(named) or (short[0][:60] if short else "unknown")


def bill(packages: list[tuple[str, str, list[str]]]) -> dict[str, Any]:
    """A CycloneDX document; the same for the same lock, without a date or a serial number."""
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name.lower()}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name.lower()}@{version}",
            "licenses": [{"license": {"name": licence(name)}}],
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": f"pkg:pypi/{name.lower()}@{version}",
                    "hashes": _hashes(found),
                }
            ],
        }
        for name, version, found in packages
    ]
    components += [
        {
            "type": "library",
            "bom-ref": f"pkg:npm/{name.replace('@', '%40')}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:npm/{name.replace('@', '%40')}@{version}",
            "licenses": [{"license": {"name": terms}}],
            "hashes": [{"alg": "SHA-512", "content": digest}],
        }
        for name, version, terms, digest in bundled()
    ]
    weights: dict[str, list[str]] = {}
    for path in sorted((ROOT / "engine" / "models").glob("*/*.safetensors")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        weights.setdefault(path.parent.name, []).append(digest)
    components += [
        {
            "type": "machine-learning-model",
            "bom-ref": f"model:{name}",
            "name": name,
            "hashes": _hashes(digests),
        }
        for name, digests in weights.items()
    ]
    about = {"type": "application", "name": "lacuna-infill", "bom-ref": "lacuna-infill"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": about},
        "components": components,
    }


def _hashes(found: list[str]) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": value} for value in found]


def licences(packages: list[tuple[str, str, list[str]]]) -> str:
    """A table of packages, then of the sources of training text; copyleft is marked."""
    rows = [(name, version, licence(name)) for name, version, _ in packages]
    manifest = json.loads(
        (ROOT / "training" / "configs" / "python_packages.json").read_text("utf-8")
    )
    data = [
        (package["name"], package["version"], package["licence"])
        for package in manifest["packages"]
    ]
    lines = [
        "# Licences",
        "",
        "Made by `make sbom`.",
        "",
        "## Packages that are installed",
        "",
        *_table(rows),
    ]
    page = [(name, version, terms) for name, version, terms, _ in bundled()]
    lines += ["", "## Packages that are bundled into the page of lacuna serve", "", *_table(page)]
    lines += ["", "## Packages whose text the bundled model learnt from", "", *_table(data)]
    return "\n".join(lines) + "\n"


def _table(rows: list[tuple[str, str, str]]) -> list[str]:
    marked = [(*row, "copyleft" if _COPYLEFT.search(row[2]) else "") for row in rows]
    return [
        "| package | version | licence | |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in marked),
    ]


def main(lock: str, out: str, table: str | None = None) -> None:
    packages = pinned(Path(lock).read_text("utf-8"))
    Path(out).write_text(json.dumps(bill(packages), indent=1) + "\n", "utf-8")
    if table is not None:
        Path(table).write_text(licences(packages), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
