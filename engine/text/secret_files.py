"""Which files of a folder may be read as text to learn from or to show to the model, and which hold
secrets.

A file is left out by its name (keys, credentials, environments, histories), by its content (private
keys, tokens of well-known services, literal passwords), by the ignore files of the folder, or
because it is a link or no regular file.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pathspec

IGNORE_FILES = (
    ".gitignore",
    ".ignore",
    ".lacunaignore",
    ".cursorignore",
    ".aiexclude",
    ".aiignore",
    ".codeiumignore",
)
IGNORE_BYTES = 1 << 20
_NAMES = re.compile(
    r"""(?:.*[._-])?env(?:\.(?!(?:py|js|ts|go|rs|md)$)[^/]*)?|\.envrc|.*\.env(?:\.[^/]*)?
    |\.?_?netrc|\.pgpass|\.my\.cnf|\.npmrc|\.yarnrc(?:\.yml)?|\.pypirc|pip\.conf|\.htpasswd
    |\.htaccess|\.git-credentials
    |\.gitconfig|\.s3cfg|\.boto|\.dockercfg|\.vault-token|\.terraformrc|shadow|gshadow|passwd
    |sudoers|known_hosts
    |authorized_keys|id_[a-z0-9]+(?:\.pub)?
    |.*\.(?:pem|key|ppk|p12|pfx|pkcs12|p8|jks|keystore|kdbx?|asc|gpg|pgp|age|ovpn)
    |.*\.tfvars(?:\.json)?|.*\.tfstate(?:\..*)?|kube-?config.*|.*\.kubeconfig|\.?.*_history
    |\.(?:bash|zsh|psql|mysql|python|node)[^/]*history
    |.*(?:secret|credential|passw(?:or)?d|passphrase|private[-_.]?key|api[-_.]?key|access[-_.]?token|auth[-_.]?token)[^/]*
    |service[-_.]?account.*\.json|.*[-_.]service[-_.]?account.*\.json|client_secret.*
    |google-services\.json|gcp-.*\.json
    |wp-config\.php|database\.yml|master\.key|\.?vault(?:[-_.].*)?\.ya?ml|settings\.local\..*
    |.*\.local\.(?:ya?ml|json|toml)""",
    re.IGNORECASE | re.VERBOSE,
)
_FOLDERS = frozenset(
    """.ssh .gnupg .aws .azure .gcloud .kube .docker .password-store .vault secrets
    .secrets credentials .config .mozilla .thunderbird .terraform""".split()
)
"""Folders in which every file counts as a secret."""
_CONTENT = re.compile(
    r"""-----BEGIN\ [A-Z ]{0,40}PRIVATE\ KEY|PuTTY-User-Key-File|-----BEGIN\ PGP\ PRIVATE
    |AGE-SECRET-KEY-1
    |\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[0-9A-Z]{16}\b|\bgh[pousr]_[0-9A-Za-z]{36}
    |\bgithub_pat_[0-9A-Za-z_]{22}
    |\bglpat-[0-9A-Za-z_-]{20}|\bxox[abeprs]-[0-9A-Za-z-]{10}
    |\bsk-(?:ant-|proj-|live-)?[0-9A-Za-z_-]{20}|\bsk_live_[0-9A-Za-z]{16}
    |\bAIza[0-9A-Za-z_-]{35}|\bya29\.[0-9A-Za-z_-]{20}|\bhf_[0-9A-Za-z]{30}|\bnpm_[0-9A-Za-z]{36}
    |\bpypi-AgEI[0-9A-Za-z_-]{20}
    |\bSG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{16}|\beyJ[0-9A-Za-z_-]{10,2000}\.eyJ[0-9A-Za-z_-]{10}
    |"private_key"\s{0,9}:\s{0,9}"
    |[a-z][a-z0-9+.-]{1,20}://[^\s:/@"']{1,64}:[^\s:/@"'${}<]{3,128}@
    |\baws_secret_access_key\b\s{0,9}[=:]
    |\b(?:\w{0,40}(?:passw(?:or)?d|secret|passphrase|api_?key|auth_?token|access_?token)\w{0,40}|\w{0,40}_pass\w{0,40})
     ["']?\s{0,9}[=:]\s{0,9}["'](?=[^"'\s]{0,200}[0-9])(?=[^"'\s]{0,200}[A-Za-z])[^"'\s${}<>]{8,200}["']""",
    re.IGNORECASE | re.VERBOSE,
)
"""Every repetition is bounded, so the search is linear in the length of the text."""


def secret_name(path: str) -> bool:
    """True where a path, with ``/`` between its parts, is named like what holds secrets."""
    *folders, name = path.split("/")
    return _NAMES.fullmatch(name) is not None or any(
        folder.lower() in _FOLDERS for folder in folders
    )


def secret_content(text: str) -> bool:
    """True where a text holds a private key, a token or a literal password."""
    return _CONTENT.search(text) is not None


def readable_files(folder: Path) -> Iterator[Path]:
    """The files below ``folder`` in order: regular, not hidden, ignored or named like secrets;
    links are not followed."""
    yield from _walk(folder, folder, [])


def _walk(
    root: Path, folder: Path, outer: list[tuple[Path, pathspec.GitIgnoreSpec]]
) -> Iterator[Path]:
    specs = outer + [(folder, spec) for spec in _ignored(folder)]
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        path = folder / entry.name
        if (
            entry.name.startswith(".")
            or entry.is_symlink()
            or _is_ignored(path, entry.is_dir(follow_symlinks=False), specs)
        ):
            continue
        if entry.is_dir(follow_symlinks=False):
            if entry.name.lower() not in _FOLDERS:
                yield from _walk(root, path, specs)
        elif entry.is_file(follow_symlinks=False) and not secret_name(
            path.relative_to(root).as_posix()
        ):
            yield path


def _ignored(folder: Path) -> Iterator[pathspec.GitIgnoreSpec]:
    for name in IGNORE_FILES:
        path = folder / name
        try:
            info = path.lstat()
            if stat.S_ISREG(info.st_mode) and info.st_size <= IGNORE_BYTES:
                yield pathspec.GitIgnoreSpec.from_lines(
                    path.read_text("utf-8", "replace").splitlines()
                )
        except (OSError, ValueError):
            continue


def _is_ignored(
    path: Path, is_folder: bool, specs: list[tuple[Path, pathspec.GitIgnoreSpec]]
) -> bool:
    return any(
        spec.match_file(path.relative_to(base).as_posix() + "/" * is_folder) for base, spec in specs
    )
