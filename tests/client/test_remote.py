"""How a remote OPA is asked: TLS, who we are, compression, and what its refusals become."""

import contextlib
import gzip
import socket
import subprocess
import threading
import time

import pytest

import sark
from conftest import OUT, POLICY, free_port, wait_for

ADMIN = {"role": "admin"}
TOKENS = """package system.authz

default allow := false

allow if input.identity == "first"
"""
CERTIFICATES = """package system.authz

default allow := false

allow if contains(input.identity, "CN=client")
"""


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """An authority, what it signed for a server and a client, and another authority."""
    here = tmp_path_factory.mktemp("pki")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=here)

    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    (here / "names").write_text("subjectAltName=DNS:localhost")
    for name in ("ca", "other"):
        openssl("req", "-x509", *new_key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")
    for name in ("server", "client"):
        openssl("req", *new_key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem",
                "-days", "2", "-extfile", "names")
    return here


@contextlib.contextmanager
def running(directory, authz, *arguments):
    """A real OPA that lets in whom `authz` says; gives its port."""
    port = free_port()
    (directory / "authz.rego").write_text(authz)
    (directory / "policy.rego").write_text(POLICY)
    process = subprocess.Popen(
        [OUT / "opa", "run", "--server", "--addr", f"127.0.0.1:{port}", "--log-level", "error", "--authorization=basic", *arguments,
         directory / "authz.rego", directory / "policy.rego"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )

    def listens():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    try:
        wait_for(listens)
        yield port
    finally:
        process.kill()
        process.wait()


def remote(url, **options):
    return sark.Client(sark.Engine(), opa_url=url, mode="remote", **options)


def test_tls_with_certificates_on_both_sides(pki, tmp_path):
    server = [f"--tls-cert-file={pki}/server.pem", f"--tls-private-key-file={pki}/server.key", f"--tls-ca-cert-file={pki}/ca.pem"]
    ca, us = f"ca_file={pki}/ca.pem", f"cert_file={pki}/client.pem&key_file={pki}/client.key"
    with running(tmp_path, CERTIFICATES, "--authentication=tls", *server) as port:
        client = remote(f"https://localhost:{port}?{ca}&{us}")
        for _ in range(3):
            assert client.decide("data.authz.allow", ADMIN).allowed
        for bad in [
            f"https://localhost:{port}?{us}",
            f"https://localhost:{port}?ca_file={pki}/other.pem&{us}",
            f"https://127.0.0.1:{port}?{ca}&{us}",
            f"https://localhost:{port}?{ca}",
            f"http://localhost:{port}",
        ]:
            with pytest.raises(sark.Unavailable):
                remote(bad).decide("data.authz.allow", ADMIN)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("ca_file=/nowhere", "ca_file: /nowhere"),
        ("ca_file={pki}/names", "no PEM"),
        ("ca_file={pki}/ca.key", "no certificate"),
        ("cert_file={pki}/client.pem", "go together"),
        ("ca_file={pki}/ca.pem&cert_file={pki}/client.pem&key_file={pki}/server.key", "go together"),
        ("ca_file={pki}/ca.pem&cert_file={pki}/client.pem&key_file={pki}/client.pem", "key_file"),
        ("insecure=true", "token_file"),
    ],
)
def test_what_is_wrong_with_certificates_is_said_at_once(pki, query, problem):
    with pytest.raises(sark.InvalidArgument, match=problem):
        remote("https://localhost?" + query.format(pki=pki))


def test_a_token_is_rotated(tmp_path):
    token = tmp_path / "a token"
    token.write_text("first\n")
    with running(tmp_path, TOKENS, "--authentication=token") as port:
        client = remote(f"http://127.0.0.1:{port}?token_file={tmp_path}/a%20token")
        assert client.decide("data.authz.allow", ADMIN).allowed

        def refused(message):
            with contextlib.suppress(sark.Unavailable):
                client.decide("data.authz.allow", ADMIN)
                return False
            with pytest.raises(sark.Unavailable, match=message) as caught:
                client.decide("data.authz.allow", ADMIN)
            assert "second" not in str(caught.value)
            return True

        token.write_text("second")
        wait_for(lambda: refused("unauthorized.*token_file"))
        token.write_text("first")
        assert client.decide("data.authz.allow", ADMIN).allowed, "after a refusal the file is read at once"
        token.unlink()
        wait_for(lambda: refused("a token: .*nothing was asked"))


class Recorder:
    """Answers whatever is asked with the same body, compressed, and keeps what was asked."""

    def __init__(self, body):
        self.answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        self.asked, self.socket = [], socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                with connection, contextlib.suppress(OSError):
                    self.asked.append(connection.recv(65536).lower())
                    connection.sendall(self.answer)


def test_compressed_answers_are_wanted_and_bounded_by_their_real_size():
    small = Recorder(gzip.compress(b'{"result": true}'))
    assert remote(small.url).decide("data.x", 1).allowed
    assert b"accept-encoding: gzip" in small.asked[0]
    bomb = Recorder(gzip.compress(b'{"result": "' + b"a" * (64 << 20) + b'"}'))
    assert len(bomb.answer) < 100_000
    start = time.monotonic()
    with pytest.raises(sark.LimitExceeded, match="larger than 100000 bytes"):
        remote(bomb.url, max_answer_bytes=100_000).decide("data.x", 1)
    assert time.monotonic() - start < 5
    with pytest.raises((sark.Unavailable, sark.SerializationError)):
        remote(Recorder(b"not gzip").url).decide("data.x", 1)


def test_a_real_opa_compresses_a_long_answer(opa):
    opa.put_data("long", ["the same"] * 20_000)
    assert remote(opa.url).decide("data.long", 1).result == ["the same"] * 20_000


def test_an_error_of_opas_has_its_code(opa):
    opa.put("package p\n\nx := input.n\n\nx := input.m", "p")
    with pytest.raises(sark.EvaluationError, match="conflict") as caught:
        remote(opa.url).decide("data.p.x", {"n": 1, "m": 2})
    assert caught.value.code == "eval_conflict_error"


def test_connecting_has_a_deadline_of_its_own():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        # One waits in the queue; the handshake of another is not answered.
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        start = time.monotonic()
        with pytest.raises(sark.Unavailable, match="connect_timeout_ms"):
            remote(f"http://127.0.0.1:{address[1]}?connect_timeout_ms=100").decide("data.x", 1)
        assert time.monotonic() - start < 3
        for one in waiting:
            one.close()


def test_the_deadline_holds_while_tls_is_negotiated(pki):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        with pytest.raises((sark.LimitExceeded, sark.Unavailable)):
            remote(f"https://localhost:{silent.getsockname()[1]}?ca_file={pki}/ca.pem").decide("data.x", 1, timeout=0.3)
        assert time.monotonic() - start < 3
