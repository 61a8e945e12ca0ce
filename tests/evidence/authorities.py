"""Real time authorities: `openssl ts` behind a small server on loopback, sound and faulty ones."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rfc3161_client import _rust

from lantian.evidence.authority import Authority

POLICY = "1.2.3.4.1"
CONFIG = """
[tsa]
serial = {folder}/serial
signer_digest = sha256
default_policy = {policy}
other_policies = 1.2.3.4.9
digests = {digests}
accuracy = secs:1
ess_cert_id_alg = sha256
"""
STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
MAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
Key = ec.EllipticCurvePrivateKey


def certificate(
    name: str,
    key: Key,
    issuer: tuple[x509.Certificate, Key] | None = None,
    *,
    days: tuple[int, int] = (-10, 3650),
    usage: x509.ObjectIdentifier | None = None,
    serial: int | None = None,
) -> x509.Certificate:
    """A certificate of `key`, signed by `issuer` or itself, valid from and to so many days off."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC).replace(microsecond=0)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True)
    )
    if usage is not None:
        made = made.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
    return made.sign(issuer[1] if issuer else key, hashes.SHA256())


def pem(one: x509.Certificate) -> str:
    return one.public_bytes(Encoding.PEM).decode()


def der(one: x509.Certificate) -> bytes:
    return one.public_bytes(Encoding.DER)


@dataclass
class Office:
    """A certification authority with a signer of stamps, in a folder of its own."""

    folder: Path
    name: str = "one"
    root: str = ""
    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    signers: dict[str, x509.Certificate] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        root_key = ec.generate_private_key(ec.SECP256R1())
        root = certificate(f"Root {self.name}", root_key, days=(-4000, 4000))
        self.root = pem(root)
        middle_key = ec.generate_private_key(ec.SECP256R1())
        middle = certificate(f"Middle {self.name}", middle_key, (root, root_key))
        chained = certificate("Chained signer", self.key, (middle, middle_key), usage=STAMPING)
        sound = certificate("Signer", self.key, (root, root_key), usage=STAMPING)
        old = certificate("Old", self.key, (root, root_key), days=(-3, -2), usage=STAMPING)
        self.signers = {"sound": sound, "expired": old, "chained": chained}
        self.root_pair, self.middle = (root, root_key), middle
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / "key.pem").write_bytes(key)
        (self.folder / "serial").write_text("0100" if self.name == "one" else "0900")
        for name, one in self.signers.items():
            (self.folder / f"{name}.pem").write_text(pem(one))
        (self.folder / "chain.pem").write_text(pem(middle) + pem(root))
        for name, digests in (("ok", "sha256, sm3"), ("strict", "sha512")):
            text = CONFIG.format(folder=self.folder, policy=POLICY, digests=digests)
            (self.folder / f"{name}.cnf").write_text(text)

    def mailer(self) -> x509.Certificate:
        """A certificate for mail, in every other way that of the sound signer, of its length."""
        sound = self.signers["sound"]
        while True:
            made = certificate(
                "Signer", self.key, self.root_pair, usage=MAIL, serial=sound.serial_number
            )
            if len(der(made)) == len(der(sound)):
                return made

    def reply(
        self, query: bytes, *, signer: str = "sound", config: str = "ok", chain: bool = False
    ) -> bytes:
        """What `openssl ts` answers."""
        with self.lock:
            (self.folder / "query").write_bytes(query)
            command = ["openssl", "ts", "-reply", "-config", f"{self.folder}/{config}.cnf"]
            command += ["-section", "tsa", "-queryfile", f"{self.folder}/query"]
            command += [
                "-signer",
                f"{self.folder}/{signer}.pem",
                "-inkey",
                f"{self.folder}/key.pem",
            ]
            command += ["-out", f"{self.folder}/reply"]
            command += ["-chain", f"{self.folder}/chain.pem"] if chain else []
            subprocess.run(command, check=True, capture_output=True)
            return (self.folder / "reply").read_bytes()


def imprint_of(query: bytes) -> bytes:
    return bytes(_rust.parse_timestamp_request(query).message_imprint.message)


def nonce_of(query: bytes) -> bytes:
    nonce = _rust.parse_timestamp_request(query).nonce
    assert nonce is not None
    return nonce.to_bytes((nonce.bit_length() + 7) // 8)


def other(data: bytes) -> bytes:
    """Other bytes of that length, of a number that is positive if the other was."""
    return data[:-1] + bytes([data[-1] ^ 1])


Mode = Callable[[Office, bytes], bytes]


def with_mailer(office: Office, query: bytes) -> bytes:
    reply = office.reply(query)
    sound = der(office.signers["sound"])
    assert sound in reply
    return reply.replace(sound, der(office.mailer()))


MODES: dict[str, Mode] = {
    "ok": lambda office, query: office.reply(query),
    "nonce": lambda office, query: office.reply(
        query.replace(nonce_of(query), other(nonce_of(query)))
    ),
    "imprint": lambda office, query: office.reply(
        query.replace(imprint_of(query), other(imprint_of(query)))
    ),
    "expired": lambda office, query: office.reply(query, signer="expired"),
    "usage": with_mailer,
    "rejection": lambda office, query: office.reply(query, config="strict"),
    "garbage": lambda office, query: b"<html>Welcome to our hotspot</html>",
    "empty": lambda office, query: b"",
    "cut": lambda office, query: office.reply(query)[:-40],
    "huge": lambda office, query: b"x" * 300_000,
    "chain": lambda office, query: office.reply(query, signer="chained", chain=True),
    "flipped": lambda office, query: other(office.reply(query)),
}


@dataclass
class Served:
    """An office and its server; `mode` says how it answers, `asked` which queries came."""

    office: Office
    port: int = 0
    mode: str = "ok"
    asked: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/tsa"

    def authority(self, **more: object) -> Authority:
        """The authority as the settings would name it, with the permission to reach it."""
        told = {"name": self.office.name, "url": self.url, "roots": self.office.root}
        return Authority(**(told | {"private": True} | more))  # type: ignore[arg-type]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is none of the authority's business."""


@contextmanager
def serving(office: Office, *, port: int = 0) -> Iterator[Served]:
    """The office behind a server on loopback, for as long as the block runs."""
    found = Served(office)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            found.asked.append(query)
            if found.mode.isdigit():
                self.send_response(int(found.mode))
                self.send_header("Location", found.url + "?again")
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif found.mode == "hang":
                time.sleep(5)
            elif found.mode == "drip":
                self._head(100_000)
                for _ in range(50):
                    self.wfile.write(b"x")
                    time.sleep(0.1)
            else:
                reply = MODES[found.mode](office, query)
                self._head(len(reply))
                self.wfile.write(reply)

        def _head(self, length: int) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(length))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = _Server(("127.0.0.1", port), Handler)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
