"""What holds secrets is not read: by name, by content, by ignore files, and not through links."""

import os
import subprocess

import pytest

from engine.text.secret_files import (
    IgnoreRules,
    readable_files,
    secret_content,
    secret_name,
)

SECRET_NAMES = [
    ".env",
    "prod.env",
    ".env.local",
    "a/.envrc",
    "terraform.tfvars",
    "x.auto.tfvars.json",
    "terraform.tfstate",
    "kubeconfig",
    "kube-config.yaml",
    ".docker/config.json",
    "service-account.json",
    "my-service-account-key.json",
    "client_secret_1.json",
    ".htpasswd",
    ".bash_history",
    ".psql_history",
    ".netrc",
    ".pgpass",
    "id_rsa",
    "id_ed25519.pub",
    "server.pem",
    "tls.key",
    "store.jks",
    "db.kdbx",
    "Passwords.txt",
    "credentials",
    ".aws/credentials",
    ".aws/config",
    "api_key.txt",
    "secrets.yaml",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    "wp-config.php",
    "master.key",
    "vault.yml",
    "auth-token",
    "private-key.txt",
    "secrets/anything.txt",
    ".ssh/config",
    "settings.local.json",
    "gcp-key.json",
    "fish_history",
    "auth.json",
    "x.ppk",
    "terraform.tfstate.backup",
    "appsettings.Development.json",
    "ssh_host_ed25519_key",
    "cookies.sqlite",
    "secrets/db.yaml",
    *("server.pem.bak", "tls.key.enc", ".netrc~", ".pgpass.old", "id_rsa.1", ".env.swp"),
    *("deploy_rsa", "github_ed25519", "deploy_key", "rclone.conf", ".msmtprc", ".curlrc"),
    *("token.txt", "tokens.json", "oauth.json", "x-firebase-adminsdk-abc.json", "web.config"),
    *("key.properties", "local_settings.py", "pg_service.conf", "wg0.conf", ".dev.vars"),
    *(".snowflake/config.toml", ".oci/config", ".dbt/profiles.yml", "wpa_supplicant.conf"),
]
PLAIN_NAMES = [
    "main.py",
    "README.md",
    "env.py",
    "tokenizer.py",
    "keyboard.py",
    "environment.md",
    "passage.txt",
    "monkey.txt",
]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_file_is_known_for_a_secret_by_its_name(name):
    assert secret_name(name) and secret_name(f"project/{name}") and secret_name(name.upper())


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_a_plain_name_is_no_secret(name):
    assert not secret_name(f"project/{name}")


SECRET_TEXTS = [
    "-----BEGIN RSA PRIVATE KEY-----\nMII",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "key = AKIAIOSFODNN7EXAMPLE",
    "ghp_" + "a1" * 18,
    "glpat-" + "x" * 20,
    "xoxb-1234567890-abc",
    "sk-ant-" + "a1b2" * 8,
    "AIza" + "a" * 35,
    "hf_" + "a" * 34,
    'db_pass_value = "hunter2-zebra-quartz"',
    "password: 'correct4horse'",
    'clientSecret = "hunter2-zebra-quartz"',
    "postgres://admin:s3cr3t@db/x",
    '{"private_key" : "-----"}',
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x",
    "aws_secret_access_key = abc",
    "-----begin rsa private key-----",
    "DB_PASSWORD=hunter22",
    "token: abcdef123456",
    "user:$apr1$abcd$efgh",
    "Authorization: Bearer abcdefghijkl1234",
    "dop_v1_" + "a1" * 32,
    "SG." + "a" * 20,
    "SG." + "a" * 16 + "." + "b" * 16,
]


@pytest.mark.parametrize("text", SECRET_TEXTS)
def test_a_secret_is_known_by_its_content(text):
    assert secret_content(f"# a note\n{text}\nmore text\n")


PLAIN_TEXTS = [
    "password = input()", 'token = "abc"', "def check_password(password): ...", "https://example.org:8080/a@b",
    'os.environ["API_KEY"]',
]  # fmt: skip
HOSTILE = [
    "password=" * 30_000,
    "eyJ" + "a" * 200_000,
    "eyJ-" * 50_000,
    "a" * 300_000,
    "x_pass" * 40_000,
    'secret="a1' * 20_000,
]


def test_in_a_program_a_value_without_quotes_is_an_expression():
    assert secret_content("password = user1_password2") and not secret_content(
        "password = user1_password2", "python"
    )


@pytest.mark.parametrize("text", PLAIN_TEXTS)
def test_code_that_handles_secrets_holds_none(text):
    assert not secret_content(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_content_is_searched_in_linear_time(text):
    import time

    def seconds(piece):
        began = time.process_time()
        secret_content(piece)
        return time.process_time() - began

    once = max(0.002, min(seconds(text[: len(text) // 8]) for _ in range(3)))
    assert seconds(text) < 32 * once


def test_links_hidden_ignored_and_odd_files_are_not_read(tmp_path):
    root = tmp_path / "project"
    (root / "src" / "generated").mkdir(parents=True)
    (root / "notes").mkdir()
    (tmp_path / "outside.py").write_text("outside")
    for name in (
        "src/a.py",
        "src/generated/b.py",
        "notes/c.md",
        "notes/draft.md",
        ".hidden.py",
        "prod.env",
        "d.log",
    ):
        (root / name).write_text("text")
    (root / ".gitignore").write_text("generated/\n*.log\n")
    (root / "notes" / ".cursorignore").write_text("draft*\n")
    (root / "link.py").symlink_to(tmp_path / "outside.py")
    (root / "up").symlink_to(tmp_path)
    (root / ".#lock.py").symlink_to("user@host.1234")
    os.mkfifo(root / "pipe.py")
    assert [path.relative_to(root).as_posix() for path in readable_files(root)] == [
        "notes/c.md",
        "src/a.py",
    ]


def lines_of(*patterns):
    return "".join(f"{pattern}\n" for pattern in patterns)


UNREADABLE = {
    "a pipe": lambda path: os.mkfifo(path),
    "an endless device": lambda path: path.symlink_to("/dev/zero"),
    "a link out of the folder": lambda path: path.symlink_to("/etc/hostname"),
    "a loop": lambda path: path.symlink_to(path.name),
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00"),
    "too large": lambda path: path.write_text("x" * (2 << 20)),
    "too many patterns": lambda path: path.write_text(lines_of(*range(3_000), "private.md")),
    "too many stars": lambda path: path.write_text("p*r*i*v*a*t*e.md\n"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_an_ignore_file_that_cannot_be_read_whole_lets_nothing_through(tmp_path, kind):
    (tmp_path / "private.md").write_text("text")
    UNREADABLE[kind](tmp_path / ".gitignore")
    assert list(readable_files(tmp_path)) == []


def test_a_folder_with_the_name_of_an_ignore_file_says_nothing(tmp_path):
    (tmp_path / "a.md").write_text("text")
    (tmp_path / ".ignore").mkdir()
    assert [path.name for path in readable_files(tmp_path)] == ["a.md"]


def test_folders_may_be_nested_as_deep_as_the_system_allows(tmp_path):
    (tmp_path / "a.md").write_text("text")
    before = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(1_200):
            os.mkdir("d")
            os.chdir("d")
        with open("deep.md", "w") as stream:
            stream.write("text")
    finally:
        os.chdir(before)
    found = [path.name for path in readable_files(tmp_path)]
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # Python's own cannot
    assert found == ["a.md"]


def test_what_lies_too_deep_for_every_ignore_file_to_be_asked_is_not_read(tmp_path):
    deep = tmp_path.joinpath(*["d"] * 45)
    deep.mkdir(parents=True)
    (deep / ".gitignore").write_text("private.md\n")
    (deep / "private.md").write_text("text")
    rules = IgnoreRules(lambda: [tmp_path])
    assert rules.ignored(deep / "private.md") and not rules.ignored(tmp_path / "a.md")


MORE_SECRETS = {
    "slack webhook": "url = https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXabcdXXXXXXXXXXXX",
    "discord webhook": "https://discord.com/api/webhooks/123456789012345678/abcDEF-ghiJKLmnoPQRstuVWXyz0123456789abcdefABCDEF_ghijkl",
    "telegram": "bot 123456789:AAE4abcdefghijklmnopqrstuvwxyz12345",
    "twilio": "SK0123456789abcdef0123456789abcdef",
    "shopify": "shpat_0123456789abcdef0123456789abcdef",
    "docker pat": "dckr_pat_abcdefghijklmnopqrstuvwx-yz",
    "linear": "lin_api_abcdefghijklmnopqrstuvwxyz0123456789ABCD",
    "atlassian": "ATATT3xFfGF0abcdefghijklmnopqrstuvwxyz",
    "grafana": "glsa_abcdefghijklmnopqrstuvwxyz012345_0a1b2c3d",
    "databricks": "dapi0123456789abcdef0123456789abcdef",
    "gocspx": "GOCSPX-abcdefghijklmnopqrstuvwxyz12",
    "stripe whsec": "whsec_abcdefghijklmnopqrstuvwxyz012345",
    "openai proj": "sk-proj-abcdefghijklmnopqrstuvwx",
    "anthropic": "sk-ant-api03-abcdefghijklmnopqrstuv",
    "sas": "https://x.blob.core.windows.net/c?sv=2020&sig=abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG%3D",
    "azure sharedaccesskey": "Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG=",
    "mssql": "Server=tcp:x.database.windows.net;User ID=sa;Password=hunter2zebra;Encrypt=True",
    "jdbc": "jdbc:mysql://h/db?user=root&password=hunter2zebra",
    "PGPASSWORD": "export PGPASSWORD=hunter2zebra",
    "dbpassword yaml": "dbpassword: hunter2zebra",
    "MYSQL_PWD": "MYSQL_PWD=hunter2zebra psql",
    "netrc": "machine x login y password hunter2zebra",
    "curl -u": "curl -u admin:hunter2zebra https://x",
    "--password": "mysql --password hunter2zebra",
    "xml": "<password>hunter2zebra</password>",
    "xml attr": '<add key="ApiKey" value="abcDEF123456789"/>',
    "pkcs8 bare": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
    "pkcs1 bare": "MIIEowIBAAKCAQEAt0a1b2c3d4e5f6",
    "openssh bare": "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU",
    "ssh2": "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
    "pem in comment": "# -----BEGIN EC PRIVATE KEY-----\n# MHc",
    "escaped pem": '"key": "-----BEGIN PRIVATE KEY-----\\nMIIE"',
    "kubeconfig": "users:\n- name: a\n  user:\n    client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo=",
    "docker auth": '{"auths":{"x":{"auth":"dXNlcjpwYXNzd29yZA=="}}}',
    "otpauth": "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP",
    "django": "SECRET_KEY = 'django-insecure-$9k(3x!a@b+c)d=e^f&g*h0i1j2k3l4m5n6o7p8q9r'",
    "rails": "secret_key_base: 0123456789abcdef0123456789abcdef0123456789",
    "jwt": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc",
    "aws in code": "aws_secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY1'",
    "ansible vault": "$ANSIBLE_VAULT;1.1;AES256\n663864396",
    "sops": "ENC[AES256_GCM,data:abc,iv:abc]",
    "npmrc": "//npm.example.org/:_authToken=abcdef-0123-4567-89ab-cdef01234567",
    "pypirc": "[pypi]\nusername = __token__\npassword = pypi-AgEIcHlwaS5vcmcabcdefghijklmnop",
    "mailchimp": "0123456789abcdef0123456789abcdef-us12",
    "sentry": "sntrys_eyJpYXQiOjE2OTk5OTk5OTkuMH0=_abcdefghijkl",
    "newrelic": "NRAK-ABCDEFGHIJKLMNOPQRSTUVWXYZ0",
    "planetscale": "pscale_tkn_abcdefghijklmnopqrstuvwxyz0123456",
    "doppler": "dp.pt.abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "square": "sq0csp-abcdefghijklmnopqrstuvwxyz0123456789ABCDE",
    "figma": "figd_abcdefghijklmnopqrstuvwxyz0123456789ABCD",
    "replicate": "r8_abcdefghijklmnopqrstuvwxyz0123456789A",
    "groq": "gsk_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMN",
    "gitlab runner": "GR1348941abcdefghijklmnopqrst",
    "gitlab deploy": "gldt-abcdefghijklmnopqrst",
    "supabase": "sbp_0123456789abcdef0123456789abcdef01234567",
    "fly": "FlyV1 fm2_abcdefghijklmnopqrstuvwxyz0123456789",
    "cookie": "Cookie: sessionid=abcdefghij0123456789abcdefghij01",
    "x-api-key": "X-Api-Key: abcdefghij0123456789",
    "postgres": "postgresql://u:hunter2@h/db",
    "mongodb": "mongodb+srv://u:hunter2zebra@h/db",
    "redis": "redis://:hunter2zebra@h:6379",
    "go struct": 'Password: "hunter2zebra",',
    "hash md5crypt": "root:$1$abcdefgh$0123456789abcdefghijkl:19000:",
    "wireguard": "[Interface]\nPrivateKey = aB3dEfGhIjKlMnOpQrStUvWxYz0123456789+/abcde=\n",
    "pgp": "-----BEGIN PGP PRIVATE KEY BLOCK-----",
}


@pytest.mark.parametrize("kind", MORE_SECRETS)
def test_keys_and_tokens_of_many_services_are_known(kind):
    assert secret_content(MORE_SECRETS[kind])
