"""Does a file hold secrets? By its name, and by what stands in it. When in doubt it counts as one:
the only loss is context.

The expressions run in linear time: no repetition inside a repetition, bounded repetitions
elsewhere.
"""

from __future__ import annotations

import re

_NAMES = (
    # environments and settings of programs that log in somewhere
    r"\.env[^/]*", r"[^/]*\.env", r"env\.(?:prod|production|local|staging)[^/]*", r"\.flaskenv",
    r"[._]netrc", r"\.pgpass", r"pgpass\.conf", r"\.my\.cnf", r"\.mylogin\.cnf", r"\.npmrc",
    r"\.yarnrc(?:\.yml)?", r"\.pypirc", r"pip\.conf",
    r"\.git-credentials", r"\.ht(?:passwd|digest)", r"\.dockercfg", r"\.s3cfg", r"\.boto",
    r"\.databrickscfg", r"\.terraformrc",
    r"terraform\.rc", r"\.rediscli_auth", r"\.?vault[-_]?(?:token|pass)[^/]*", r"vault\.ya?ml",
    r"[^/]*\.vault",
    r"[^/]*\.tfvars(?:\.json)?", r"[^/]*\.tfstate(?:\.[^/]*)?", r"[^/]*kubeconfig[^/]*",
    r"service[-_]?account[^/]*\.json", r"google-services\.json", r"googleservice-info\.plist",
    r"client_secret[^/]*", r"kaggle\.json",
    r"auth\.json", r"nuget\.config", r"wp-config\.php", r"local\.settings\.json",
    r"appsettings(?:\.[^/]*)?\.json",
    r"\.?ftpconfig", r"sftp(?:-config)?\.json", r"(?:sitemanager|recentservers)\.xml", r"\.rhosts",
    r"g?shadow-?", r"master\.key",
    r"logins\.json", r"key[34]\.db", r"cookies(?:\.(?:txt|sqlite|json|db))?", r"wallet\.dat",
    # keys
    r"(?:id|ssh_host)_(?:rsa|dsa|ecdsa|ed25519|xmss)[^/]*",
    r"[^/]*\.(?:pem|key|p8|p12|pfx|jks|keystore|kdbx?|asc|gpg|pgp|ppk|der|keytab|ovpn|agekey|age|jwk|jwks|rdp|mobileprovision)",
    # what was typed elsewhere
    r"\.?[^/]*_history", r"consolehost_history\.txt", r"\.lesshst", r"\.viminfo",
    r"[^/]*\.histfile", r"\.histfile",
    # by their word
    r"[^/]*(?:secret|credential|passwor[dt]|passwd|passphrase)[^/]*",
)  # fmt: skip
_FOLDERS = (
    r"\.aws", r"\.azure", r"\.ssh", r"\.gnupg", r"\.password-store", r"\.kube",
    r"\.docker/config\.json", r"gcloud", r"\.config/(?:gh|hub|rclone|op|doctl|fly)",
    r"\.cargo/credentials[^/]*", r"\.gem/credentials", r"\.m2/settings[^/]*",
    r"\.gradle/gradle\.properties", r"\.composer",
    r"\.?secrets?", r"\.fly", r"\.vercel", r"\.netlify", r"\.pulumi", r"\.huggingface",
    r"\.snowsql", r"\.subversion/auth", r"\.mozilla",
)  # fmt: skip
_SECRET_NAME = re.compile(
    rf"(?:(?:^|/)(?:{'|'.join(_NAMES)})$)|(?:(?:^|/)(?:{'|'.join(_FOLDERS)})(?:/|$))"
)

MOST_CHARS = 100_000
"""Of a text that is looked through; a longer one is not used as context at all."""
_TOKENS = {
    "PRIVATE KEY": r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY",
    "PuTTY-User-Key": "PuTTY-User-Key-File-",
    "AGE-SECRET-KEY": "AGE-SECRET-KEY-1",
    "openssh-key-v1": "openssh-key-v1",
    "AKIA": r"\bAKIA[A-Z0-9]{16}\b",
    "ASIA": r"\bASIA[A-Z0-9]{16}\b",
    "ghp_": r"\bghp_[A-Za-z0-9]{30}",
    "gho_": r"\bgho_[A-Za-z0-9]{30}",
    "ghs_": r"\bghs_[A-Za-z0-9]{30}",
    "ghu_": r"\bghu_[A-Za-z0-9]{30}",
    "ghr_": r"\bghr_[A-Za-z0-9]{30}",
    "github_pat_": r"\bgithub_pat_[A-Za-z0-9_]{20}",
    "glpat-": r"\bglpat-[A-Za-z0-9_-]{20}",
    "xox": r"\bxox[abeoprs]-[A-Za-z0-9-]{10}",
    "AIza": r"\bAIza[A-Za-z0-9_-]{35}",
    "ya29.": r"\bya29\.[A-Za-z0-9_-]{20}",
    "k_live_": r"\b[rs]k_live_[A-Za-z0-9]{16}",
    "k_test_": r"\b[rs]k_test_[A-Za-z0-9]{16}",
    "sk-": r"\bsk-[A-Za-z0-9_-]{20}",
    "SG.": r"\bSG\.[A-Za-z0-9_-]{20}",
    "npm_": r"\bnpm_[A-Za-z0-9]{36}",
    "pypi-": r"\bpypi-[A-Za-z0-9_-]{50}",
    "hf_": r"\bhf_[A-Za-z0-9]{30}",
    "dop_v1_": r"\bdop_v1_[a-f0-9]{64}",
    "hvs.": r"\bhvs\.[A-Za-z0-9_-]{20}",
    "hvb.": r"\bhvb\.[A-Za-z0-9_-]{20}",
    "eyJ": r"\beyJ[A-Za-z0-9_-]{10,600}\.eyJ[A-Za-z0-9_-]{10}",
    "AccountKey=": r"AccountKey=[A-Za-z0-9+/]{40}",
    "$apr1$": r"\$apr1\$[^\s$]{1,40}\$",
    "$2": r"\$2[aby]\$\d\d\$",
    "$5$": r"\$5\$[^\s$]{1,40}\$",
    "$6$": r"\$6\$[^\s$]{1,40}\$",
    "$y$": r"\$y\$[^\s$]{1,40}\$",
    "$argon2": r"\$argon2(?:id?|d)\$",
    '"private_key"': r'"private_key"\s{0,4}:',
    "://": r"://[^\s/@:'\"]{1,80}:[^\s/@'\"$<{]{3,80}@",
    "uthorization": r"uthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
    r"(?i:basic|bearer)\s{1,3}[A-Za-z0-9+/=._-]{12}",
}
"""What stands in it -> the expression that makes sure: looking for a string is fast, so most texts
cost nothing more."""
_CONTENT = {literal: re.compile(expression) for literal, expression in _TOKENS.items()}
_ASSIGNED = re.compile(
    r"(?i)(?<![a-z])(?:pass(?:wor[dt]|wd|phrase|code)?|pwd|secret|token|api_?key|access_?key|private_?key|client_?key|credentials?|auth)"
    r"(?![a-z])[\w.-]{0,20}[\"']?[ \t]{0,8}(?::=|=>|[:=])[ \t]{0,8}"
    r"(?P<value>\"[^\"\n]{6,200}\"|'[^'\n]{6,200}'|[^\s\"'(,;]{6,200})"
)
_MACHINE_WORD = re.compile(r"(?=.{0,200}\d)(?=.{0,200}[A-Za-z])[^\s(){}\[\]<>]{6,}")
"""Letters and digits without blanks or brackets: not an expression, not a sentence."""
_PLACEHOLDER = re.compile(
    r"(?i)^(?:.{0,3}(?:x{3,}|\*{3,}|\.{3,})|\$[{(]?|%[({]|your|my|example|change_?me|<|\{)"
)
_CODE = frozenset(
    "python javascript javascriptreact typescript typescriptreact go rust c cpp csharp java "
    "kotlin scala swift php ruby perl lua r julia dart haskell ocaml elixir erlang clojure "
    "css scss html vue svelte sql vim".split()
)
"""Languages in which a value without quotes is an expression and not a secret."""


def secret_name(path: str) -> bool:
    """True for environment files, keys, histories and the like, by a path with ``/`` between its
    parts."""
    return _SECRET_NAME.search(path.replace("\\", "/").lower()) is not None


def secret_content(text: str, language: str = "plaintext") -> bool:
    """True where a key, a token or a password stands in the text, and for a text too long to be
    looked through."""
    if len(text) > MOST_CHARS or any(
        literal in text and find.search(text) for literal, find in _CONTENT.items()
    ):
        return True
    return any(_is_secret(found, language) for found in _ASSIGNED.finditer(text))


def _is_secret(match: re.Match[str], language: str) -> bool:
    value = match["value"]
    quoted = value[:1] in "\"'"
    bare = value.strip("\"'")
    if not quoted and language in _CODE:
        return False
    return _MACHINE_WORD.fullmatch(bare) is not None and _PLACEHOLDER.match(bare) is None
