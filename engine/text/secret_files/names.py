"""Is a file named like what holds secrets: keys, credentials, environments, histories? When in
doubt it is: the only loss is context."""

from __future__ import annotations

import re

_NAMES = (
    # environments and settings of programs that log in somewhere
    r"\.env[^/]*", r"(?:[^/]*[._-])?env(?:\.(?!(?:py|js|ts|go|rs|md)$)[^/]*)?", r"\.flaskenv",
    r"[._]{0,2}netrc", r"\.pgpass", r"pgpass\.conf", r"\.my\.cnf", r"\.mylogin\.cnf", r"\.npmrc",
    r"\.yarnrc(?:\.yml)?", r"\.pypirc", r"pip\.conf", r"\.git(?:-credentials|config)",
    r"\.ht(?:access|passwd|digest)", r"\.dockercfg", r"\.s3cfg", r"\.boto", r"\.databrickscfg",
    r"\.terraformrc", r"terraform\.rc", r"\.rediscli_auth", r"\.?vault[-_]?(?:token|pass)[^/]*",
    r"\.?vault(?:[-_.][^/]*)?\.ya?ml", r"[^/]*\.vault", r"[^/]*\.tfvars(?:\.json)?",
    r"[^/]*\.tfstate(?:\.[^/]*)?", r"[^/]*kubeconfig[^/]*", r"kube-config[^/]*",
    r"(?:[^/]*[-_.])?service[-_.]?account[^/]*\.json", r"gcp-[^/]*\.json", r"database\.yml",
    r"google-services\.json", r"googleservice-info\.plist", r"client_secret[^/]*",
    r"kaggle\.json", r"auth\.json", r"nuget\.config", r"wp-config\.php", r"local\.settings\.json",
    r"appsettings(?:\.[^/]*)?\.json", r"\.?ftpconfig", r"sftp(?:-config)?\.json",
    r"(?:sitemanager|recentservers)\.xml", r"\.rhosts", r"g?shadow-?", r"sudoers", r"known_hosts",
    r"authorized_keys", r"settings\.local\.[^/]*", r"[^/]*\.local\.(?:ya?ml|json|toml)",
    r"logins\.json", r"key[34]\.db", r"cookies(?:\.(?:txt|sqlite|json|db))?", r"wallet\.dat",
    r"\.(?:curl|mail|msmtp|fetchmail|mutt|offlineimap|edge|hg|linode-cli)rc", r"\.?rclone\.conf",
    r"\.?(?:oauth|token)s?(?:\.(?:txt|json|ya?ml|toml|ini))?", r"[^/]*firebase-adminsdk[^/]*\.json",
    r"(?:web|connectionstrings)\.config", r"(?:keystore|key|local|gradle)\.properties",
    r"local_settings\.py", r"settings_local\.py", r"\.?pg_service\.conf", r"\.?odbc\.ini",
    r"my\.cnf", r"wg\d{1,3}\.conf", r"wpa_supplicant\.conf", r"\.(?:\w{1,20}\.)?vars",
    r"\.cvspass", r"\.p4tickets", r"\.linode-cli", r"(?:ansible-)?vault\.ya?ml",
    # keys
    r"(?:[^/]*[-_])?(?:rsa|dsa|ecdsa|ed25519)", r"(?:[^/]*[-_.])?(?:deploy|ssh|signing)[-_]key",
    r"(?:id|ssh_host)_(?:rsa|dsa|ecdsa|ed25519|xmss)[^/]*", r"id_[a-z0-9]+(?:\.pub)?",
    r"[^/]*\.(?:pem|key|p8|p12|pkcs12|pfx|jks|keystore|kdbx?|asc|gpg|pgp|ppk|der|keytab|ovpn|agekey"
    r"|age|jwk|jwks|rdp|mobileprovision)",
    # what was typed elsewhere
    r"[^/]*_history", r"\.(?:bash|zsh|psql|mysql|python|node)[^/]*history",
    r"consolehost_history\.txt", r"\.lesshst", r"\.viminfo", r"[^/]*\.histfile", r"\.histfile",
    # by their word
    r"[^/]*(?:secret|credential|passwor[dt]|passwd|passphrase|private[-_.]?key|api[-_.]?key"
    r"|(?:access|auth)[-_.]?token)[^/]*",
)  # fmt: skip
_FOLDERS = (
    r"\.aws", r"\.azure", r"\.ssh", r"\.gnupg", r"\.password-store", r"\.kube", r"\.docker",
    r"\.?gcloud", r"\.config", r"\.vault", r"credentials", r"\.terraform",
    r"\.cargo/credentials[^/]*", r"\.gem/credentials", r"\.m2/settings[^/]*",
    r"\.gradle/gradle\.properties", r"\.composer", r"\.?secrets?", r"\.fly", r"\.vercel",
    r"\.netlify", r"\.pulumi", r"\.huggingface", r"\.snowsql", r"\.subversion/auth", r"\.mozilla",
    r"\.thunderbird", r"\.snowflake", r"\.oci", r"\.dbt", r"\.doctl",
)  # fmt: skip
"""Whatever lies in them counts as a secret."""
_SECRET_NAME = re.compile(
    rf"(?:(?:^|/)(?:{'|'.join(_NAMES)})$)|(?:(?:^|/)(?:{'|'.join(_FOLDERS)})(?:/|$))"
)


_COPY = re.compile(r"(?:~|[-._ ](?:bak|backup|old|orig|save|saved|copy|swp|enc|\d{1,8}))$")


def secret_name(path: str) -> bool:
    """True where a path, with ``/`` between its parts, is named like what holds secrets, or like a
    copy of it."""
    name = path.replace("\\", "/").lower()
    return any(_SECRET_NAME.search(one) is not None for one in (name, _COPY.sub("", name)))
