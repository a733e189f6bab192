"""Does a text hold a key, a token or a password? When in doubt it does: the only loss is context.

The expressions run in linear time: no repetition inside a repetition, bounded repetitions.
"""

from __future__ import annotations

import re

_TOKENS = {
    "private key": r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY",
    "begin pgp private": "-----BEGIN PGP PRIVATE",
    "putty-user-key": "PuTTY-User-Key-File",
    "age-secret-key": "AGE-SECRET-KEY-1",
    "openssh-key-v1": "openssh-key-v1",
    **{kind: rf"\b{kind}[A-Z0-9]{{16}}\b" for kind in ("akia", "asia", "agpa", "aida", "aroa")},
    "aws_secret_access_key": r"\baws_secret_access_key\b\s{0,9}[=:]",
    "ghp_": r"\bghp_[A-Za-z0-9]{30}",
    "gho_": r"\bgho_[A-Za-z0-9]{30}",
    "ghs_": r"\bghs_[A-Za-z0-9]{30}",
    "ghu_": r"\bghu_[A-Za-z0-9]{30}",
    "ghr_": r"\bghr_[A-Za-z0-9]{30}",
    "github_pat_": r"\bgithub_pat_[A-Za-z0-9_]{20}",
    "glpat-": r"\bglpat-[A-Za-z0-9_-]{20}",
    "xox": r"\bxox[abeoprs]-[A-Za-z0-9-]{10}",
    "aiza": r"\bAIza[A-Za-z0-9_-]{35}",
    "ya29.": r"\bya29\.[A-Za-z0-9_-]{20}",
    "k_live_": r"\b[rs]k_live_[A-Za-z0-9]{16}",
    "k_test_": r"\b[rs]k_test_[A-Za-z0-9]{16}",
    "sk-": r"\bsk-[A-Za-z0-9_-]{20}",
    "sg.": r"\bSG\.[A-Za-z0-9_-]{16,32}(?:\.[A-Za-z0-9_-]{16}|(?<=[A-Za-z0-9_-]{20}))",
    "npm_": r"\bnpm_[A-Za-z0-9]{36}",
    "pypi-": r"\bpypi-(?:AgEI[A-Za-z0-9_-]{20}|[A-Za-z0-9_-]{50})",
    "hf_": r"\bhf_[A-Za-z0-9]{30}",
    "dop_v1_": r"\bdop_v1_[a-f0-9]{64}",
    "hvs.": r"\bhvs\.[A-Za-z0-9_-]{20}",
    "hvb.": r"\bhvb\.[A-Za-z0-9_-]{20}",
    "eyj": r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,2000}+\.eyJ[A-Za-z0-9_-]{10}",
    "accountkey=": r"AccountKey=[A-Za-z0-9+/]{40}",
    "$apr1$": r"\$apr1\$[^\s$]{1,40}\$",
    "$2": r"\$2[aby]\$\d\d\$",
    "$5$": r"\$5\$[^\s$]{1,40}\$",
    "$6$": r"\$6\$[^\s$]{1,40}\$",
    "$y$": r"\$y\$[^\s$]{1,40}\$",
    "$argon2": r"\$argon2(?:id?|d)\$",
    '"private_key"': r'"private_key"\s{0,9}:',
    "://": r"://[^\s/@:'\"]{1,80}:[^\s/@'\"$<{]{3,128}@",
    "://:": r"://:[^\s/@'\"$<{]{6,128}@",
    "hooks.slack.com": r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/]{20}",
    "/api/webhooks/": r"/api/webhooks/\d{10,20}/[A-Za-z0-9_-]{40}",
    ":aa": r"\b\d{8,10}:AA[A-Za-z0-9_-]{30}",
    "shp": r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    "dckr_": r"\bdckr_[a-z]{2,5}_[A-Za-z0-9_-]{20}",
    "lin_": r"\blin_(?:api|oauth)_[A-Za-z0-9]{32}",
    "atatt3": r"\bATATT3[A-Za-z0-9_=-]{20}",
    "gl": r"\bgl(?:sa|c|dt|rt|ptt|agent|ft|imt|oas|soat|ffct)[_-][A-Za-z0-9_+/=-]{20}",
    "gr1348941": r"\bGR1348941[A-Za-z0-9_-]{16}",
    "dapi": r"\bdapi[a-f0-9]{32}",
    "gocspx-": r"\bGOCSPX-[A-Za-z0-9_-]{20}",
    "whsec_": r"\bwhsec_[A-Za-z0-9+/]{20}",
    "sig=": r"[?&]sig=[A-Za-z0-9%+/]{30}",
    "sharedaccesskey=": r"SharedAccessKey=[A-Za-z0-9+/]{30}",
    "sntrys_": r"\bsntrys_[A-Za-z0-9_=+/-]{20}",
    "nrak-": r"\bNR(?:AK|JS|II)-[A-Z0-9]{20}",
    "pscale_": r"\bpscale_[a-z]{2,6}_[A-Za-z0-9_.-]{20}",
    "dp.": r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{30}",
    "sq0": r"\bsq0(?:atp|csp|idp)-[A-Za-z0-9_-]{20}",
    "fig": r"\bfig[doh]r?_[A-Za-z0-9_-]{30}",
    "r8_": r"\br8_[A-Za-z0-9]{30}",
    "gsk_": r"\bgsk_[A-Za-z0-9]{40}",
    "sbp_": r"\bsbp_[a-f0-9]{40}",
    "fm2_": r"\bfm[12]r?_[A-Za-z0-9+/=]{20}",
    "sk": r"\bSK[0-9a-f]{32}\b",
    "-us": r"\b[0-9a-f]{32}-us\d{1,2}\b",
    "miie": r"\bMII(?:E[opvu]|Jnz|JKA|CX|Bv)[A-Za-z0-9+/]{16}",
    "b3blbnnzac1rzxktdj": "b3BlbnNzaC1rZXktdj",
    "ls0tls1crudjti": r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{20}",
    "encrypted private key": r"-{4} BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY",
    "$ansible_vault": r"\$ANSIBLE_VAULT;\d",
    "enc[aes": r"ENC\[AES256_GCM,data:",
    "$1$": r"\$1\$[^\s$]{1,16}\$[./A-Za-z0-9]{20}",
    "_authtoken": r"_authToken\s{0,3}=\s{0,3}[A-Za-z0-9_-]{16}",
    "otpauth://": r"otpauth://[^\s?]{1,200}\?[^\s]{0,200}secret=[A-Z2-7]{12}",
    "django-insecure-": r"django-insecure-\S{10}",
    "privatekey": r"\bPrivateKey\s{0,9}=\s{0,9}[A-Za-z0-9+/]{42}",
    "api-key:": r"\bX?-?API-Key:\s{0,3}[A-Za-z0-9_-]{16}",
    "cookie:": r"\b(?:Set-)?Cookie:\s[^\n]{0,200}?=[A-Za-z0-9%_-]{20}",
    "password": r"(?:--password[ =]|\bmachine\s\S{1,80}\slogin\s\S{1,80}\spassword\s)"
    r"(?=\S{0,64}\d)[^\s$<{\"'-]\S{5,64}|<password>[^<\s$]{6,80}</password>"
    r"|[?;&]password=(?=[^\s;&]{0,64}\d)[^\s;&$<{\"']{6,64}",
    "curl": r"\bcurl\b[^\n]{0,200}?\s(?:-u|--user)[ =]?[\"']?[\w.-]{1,40}:[^\s$\"']{6,80}",
    "pgpassword=": r"\bPGPASSWORD=[^\s$\"'<{]{6,80}",
    "mysql_pwd=": r"\bMYSQL_PWD=[^\s$\"'<{]{6,80}",
    "value=": r"\bkey=\"[^\"\n]{0,40}(?:key|secret|password|token)\"\s{1,3}"
    r"value=\"[^\"\n]{8,200}\"",
    "secret_key_base": r"\bsecret_key_base:\s{0,3}[\"']?[0-9a-f]{32}",
    "uthorization": r"uthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
    r"(?i:basic|bearer)\s{1,3}[A-Za-z0-9+/=._-]{12}",
}
"""What stands in it -> the expression that makes sure: looking for a string is fast, so most texts
cost nothing more."""
_CONTENT = {literal: re.compile(found, re.IGNORECASE) for literal, found in _TOKENS.items()}
_QUOTED = re.compile(
    r"(?i)(?:passw(?:or)?d|secret|passphrase|api_?key|auth_?token|access_?token|_pass)\w{0,40}"
    r"[\"']?\s{0,9}[=:]\s{0,9}[\"']"
    r"(?=[^\"'\s]{0,200}[0-9])(?=[^\"'\s]{0,200}[A-Za-z])[^\"'\s${}<>]{8,200}[\"']"
)
"""A literal of letters and digits as the value of such a name, in any language."""
_ASSIGNED = re.compile(
    r"(?i)(?<![a-z])(?:(?:db|pg|my|user|admin|root|smtp|mail|redis|mysql)?pass(?:wor[dt]|wd|phrase|code)?|pwd|secret|token|api_?key|access_?key|private_?key|client_?key|credentials?|auth)"
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


def secret_content(text: str, language: str = "plaintext") -> bool:
    """True where a key, a token or a password stands in the text; ``language`` says whether a value
    without quotes may be one."""
    lower = text.lower()
    if any(literal in lower and find.search(text) for literal, find in _CONTENT.items()):
        return True
    if _QUOTED.search(text) is not None:
        return True
    return any(_is_secret(found, language) for found in _ASSIGNED.finditer(text))


def _is_secret(match: re.Match[str], language: str) -> bool:
    value = match["value"]
    quoted = value[:1] in "\"'"
    bare = value.strip("\"'")
    if not quoted and language in _CODE:
        return False
    return _MACHINE_WORD.fullmatch(bare) is not None and _PLACEHOLDER.match(bare) is None
