"""Who may ask and from where: keys, addresses, Host and Origin, TLS, headers; and nothing of a text
in the logs."""

import socket
import ssl
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

from engine.http.security import addresses
from engine.http.security.addresses import bind_unix, check_exposure, is_loopback
from engine.http.security.keys import read_keys
from engine.http.settings import ServeSettings, SettingsError
from tests.conftest import ROOT
from tests.engine.http.servers import POSIX, application, lacuna_serve, log_of

KEY, OTHER = "k" * 20, "another-key-of-mine"
FILL = {"text": "x = ____"}
posix = pytest.mark.skipif(not POSIX, reason="file modes are POSIX")


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"# our keys\n{KEY}\n\nteam {OTHER}\n")
    path.chmod(0o600)
    return path


@contextmanager
def guarded(config, tokenizer, key_file, **options):
    with application(config, tokenizer, keys=read_keys(key_file), **options) as (url, app, _):
        yield url, app


def test_only_a_key_opens_the_calls_and_every_key_has_a_name(config, tokenizer, key_file):
    with guarded(config, tokenizer, key_file) as (url, _):
        for headers in (
            {},
            {"Authorization": f"Bearer {KEY}x"},
            {"Authorization": KEY},
            {"Authorization": "Bearer"},
        ):
            refused = httpx.post(f"{url}/v1/fill", json=FILL, headers=headers)
            assert (refused.status_code, refused.json()["error"]["type"]) == (
                401,
                "authentication_error",
            )
            assert refused.headers["www-authenticate"].startswith("Bearer")
        for headers in (
            {"Authorization": f"Bearer {KEY}"},
            {"authorization": f"bearer {OTHER}"},
            {"X-Api-Key": OTHER},
        ):
            assert httpx.post(f"{url}/v1/fill", json=FILL, headers=headers).status_code == 200
        assert httpx.get(f"{url}/health").status_code == 200
        for path in ("/metrics", "/props", "/v1/models", "/openapi.json"):
            assert httpx.get(f"{url}{path}").status_code == 401


def test_a_key_is_known_by_its_name_alone(key_file):
    keys = read_keys(key_file)
    assert [keys.name_of(key) for key in (KEY, OTHER, "wrong", "", "\udcff")] == [
        "2",
        "team",
        None,
        None,
        None,
    ]
    assert KEY not in repr(keys)


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_file_that_others_can_read_is_refused(key_file, mode):
    key_file.chmod(mode)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_keys(key_file)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no key"),
        ("short", "16 characters"),
        ("a b c", "KEY or NAME KEY"),
        (f"a {KEY}\na {OTHER}", "stands twice"),
    ],
)
def test_a_key_file_that_cannot_be_meant_is_refused_without_quoting_it(tmp_path, text, says):
    path = tmp_path / "keys"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match=says) as refused:
        read_keys(path)
    assert KEY not in str(refused.value)


def test_every_address_but_loopback_needs_keys(key_file):
    for host in ("0.0.0.0", "192.168.1.7", "example.org", "::"):
        assert not is_loopback(host)
        with pytest.raises(SettingsError, match="--api-key-file"):
            check_exposure(ServeSettings(host=host))
        check_exposure(ServeSettings(host=host, key_file=key_file))
    for host in ("127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"):
        check_exposure(ServeSettings(host=host))


def test_a_localhost_that_is_another_address_is_not_listened_on(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("0.0.0.0", 0))]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *arguments, **options: found)
    with pytest.raises(SettingsError, match="which others can reach"):
        addresses.bind_tcp("localhost", 0)


def test_the_command_refuses_to_be_open_to_others():
    command = [
        sys.executable,
        "-m",
        "lacuna",
        "serve",
        "--host",
        "0.0.0.0",
        "--port",
        "0",
        "--socket",
        "none",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--api-key-file" in done.stderr


def test_a_port_or_socket_that_is_taken_is_told(tmp_path):
    with lacuna_serve(tmp_path) as (_, url, path):
        port = url.rsplit(":", 1)[1]
        for options, says in (
            (["--port", port, "--socket", "none"], "--port"),
            (["--port", "0", "--socket", str(path)], "--socket"),
        ):
            command = [sys.executable, "-m", "lacuna", "serve", *options]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
            assert (done.returncode, says in done.stderr) == (2, True)


@posix
def test_the_socket_is_its_users_alone_and_a_dead_one_is_replaced(tmp_path):
    path = tmp_path / "own" / "s.sock"
    bind_unix(path).close()  # nobody listens: as after a crash
    with bind_unix(path):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SettingsError, match="not a socket"):
        bind_unix(tmp_path / "file")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    with pytest.raises(SettingsError, match="Others can write"):
        bind_unix(tmp_path / "shared" / "s.sock")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8012", "localhost.evil.example", "127.0.0.1.evil.example", ""],
)
def test_a_host_that_is_not_ours_is_refused(config, tokenizer, host):
    with application(config, tokenizer, hosts=("gpu-box",)) as (url, _, _):
        refused = httpx.post(f"{url}/v1/fill", json=FILL, headers={"Host": host})
        assert refused.status_code in (400, 403)
        for ours in (
            "localhost",
            "LOCALHOST:1",
            "127.0.0.1:9",
            "[::1]:9",
            "[::1]",
            "10.1.2.3",
            "gpu-box:8012",
        ):
            assert (
                httpx.post(f"{url}/v1/fill", json=FILL, headers={"Host": ours}).status_code == 200
            )


def test_pages_of_other_sites_are_refused_and_cors_stays_closed(config, tokenizer):
    with application(config, tokenizer) as (url, _, _):
        for origin in ("https://evil.example", "null", "http://localhost:1", url + ".evil.example"):
            refused = httpx.post(f"{url}/v1/fill", json=FILL, headers={"Origin": origin})
            assert (refused.status_code, refused.json()["error"]["type"]) == (
                403,
                "permission_error",
            )
            asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            assert httpx.options(f"{url}/v1/fill", headers=asked).status_code == 403
        own = httpx.post(f"{url}/v1/fill", json=FILL, headers={"Origin": url})
        assert own.status_code == 200
        assert not any(name.startswith("access-control") for name in own.headers)


def test_no_request_is_sent_on_to_another_address(config, tokenizer):
    with application(config, tokenizer) as (url, _, _):
        for path in ("/v1/fill/", "//v1/fill", "/health/", "/page/../health"):
            answer = httpx.post(f"{url}{path}", json=FILL)
            assert answer.status_code in (404, 405) and "location" not in answer.headers


def test_every_answer_carries_the_security_headers(config, tokenizer):
    with application(config, tokenizer) as (url, _, _):
        refused = httpx.get(f"{url}/health", headers={"Host": "evil.example"})
        for answer in (httpx.get(f"{url}/health"), httpx.get(f"{url}/nothing"), refused):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "http" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_gets_a_fresh_nonce_and_its_files_stay_in_their_folder(
    config, tokenizer, tmp_path, monkeypatch
):
    from engine.http import page_files

    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<meta content='__CSP_NONCE__'>")
    (tmp_path / "assets" / "a.js").write_text("1")
    (tmp_path / "secret").write_text("no")
    monkeypatch.setattr(page_files.page_routes, "__defaults__", (tmp_path,))
    with application(config, tokenizer) as (url, _, _):
        first, second = httpx.get(url), httpx.get(url)
        nonce = first.text.split("'")[1]
        assert first.text != second.text
        assert f"'nonce-{nonce}'" in first.headers["content-security-policy"]
        assert httpx.get(f"{url}/assets/a.js").headers["cache-control"].endswith("immutable")
        for path in ("/assets/../secret", "/assets/..%2Fsecret", "/assets/%2e%2e/secret"):
            assert httpx.get(url + path).status_code == 404


CANARY = "canarytext"


def test_no_text_of_a_user_is_ever_logged(tmp_path):
    bodies = [
        ("/v1/fill", {"text": f"{CANARY} ____"}),
        ("/v1/fill", {"text": f"{CANARY}"}),
        ("/v1/fill", {"text": 1, CANARY: 2}),
        ("/v1/fill", {"text": f"{CANARY} ____", "stream": True}),
        ("/infill", {"input_prefix": CANARY}),
        ("/v1/completions", {"prompt": CANARY, "max_tokens": 4}),
        ("/v1/chat/completions", {"messages": [{"role": CANARY}]}),
        ("/v1/score", {"text": CANARY}),
        (f"/{CANARY}?q={CANARY}", {}),
    ]
    with lacuna_serve(tmp_path) as (_, url, _):
        for path, body in bodies:
            httpx.post(
                url + path, json=body, headers={"Authorization": f"Bearer {CANARY}"}, timeout=60
            )
        httpx.post(f"{url}/v1/fill", content=f"{CANARY}{{")
    assert CANARY not in log_of(tmp_path)


def test_a_fault_of_ours_is_told_without_its_message(config, tokenizer, caplog, monkeypatch):
    from engine.http.contracts import own

    def fault(*_):
        raise RuntimeError(CANARY)

    monkeypatch.setattr(own, "check_bounds", fault)
    with application(config, tokenizer) as (url, _, _):
        answer = httpx.post(f"{url}/v1/fill", json=FILL)
        assert (answer.status_code, CANARY in answer.text) == (500, False)
        assert httpx.get(f"{url}/health").status_code == 200
    assert "RuntimeError" in caplog.text
    assert CANARY not in caplog.text


def test_tls_serves_the_address_and_leaves_the_socket_plain(tmp_path, certificate):
    cert, key = certificate
    with lacuna_serve(tmp_path, "--tls-cert", cert, "--tls-key", key) as (process, url, _):
        assert url.startswith("https://")
        assert (
            httpx.get(f"{url}/health", verify=ssl.create_default_context(cafile=cert)).status_code
            == 200
        )
        process.terminate()
        assert process.wait(timeout=60) == 0


def test_half_of_a_tls_pair_is_refused(certificate, tmp_path):
    for options in (
        ["--tls-cert", certificate[0]],
        ["--tls-cert", certificate[0], "--tls-key", tmp_path / "none"],
    ):
        command = [
            sys.executable,
            "-m",
            "lacuna",
            "serve",
            "--port",
            "0",
            "--socket",
            "none",
            *map(str, options),
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert (done.returncode, "--tls-key" in done.stderr, done.stderr.count("\n")) == (
            2,
            True,
            1,
        )
