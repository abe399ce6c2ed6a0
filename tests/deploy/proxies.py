"""The proxies of `deploy/` as they are, on loopback: only the addresses of their neighbours are others."""

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conftest import CHECKOUT, program

_PATIENCE = 20.0


def make_certificate(folder: Path, name: str) -> Path:
    """A certificate for loopback that is its own authority, and its key beside it; the certificate's path."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}_certificate"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}_key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def laid_out(which: str, folder: Path, neighbours: Mapping[str, str]) -> Path:
    """The configuration of `deploy/<which>` in `folder`, with secrets and temporary files there as well."""
    folder.mkdir(exist_ok=True)
    (folder / "common.conf").write_text(_moved((CHECKOUT / "deploy/proxy/common.conf").read_text(), folder))
    (folder / "to-web.conf").write_text((CHECKOUT / "deploy/proxy/to-web.conf").read_text())
    text = (CHECKOUT / "deploy" / which / "nginx.conf").read_text()
    for named, there in neighbours.items():
        assert named in text, named
        text = text.replace(named, there)
    (folder / "nginx.conf").write_text(_moved(text, folder))
    return folder


def _moved(text: str, folder: Path) -> str:
    return re.sub(r"(?<=[ \t])/(run/secrets|tmp)/", f"{folder}/", text)


def nginx(folder: Path, *arguments: str) -> list[str]:
    """The command that runs nginx on what was laid out there."""
    # Only root may choose whom the workers run as; in a container they are nobody but the container's user.
    user = "user root;" if os.geteuid() == 0 else ""
    command = [program("nginx"), "-p", f"{folder}", "-c", f"{folder}/nginx.conf", "-g", f"daemon off; {user}"]
    return [*command, "-e", "stderr", *arguments]


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """nginx on what was laid out there, for as long as the block runs."""
    (well,) = re.findall(
        r"listen 127\.0\.0\.1:(\d+);\s+location = /well", (folder / "nginx.conf").read_text()
    )
    with (folder / "log").open("w") as log:
        child = subprocess.Popen(nginx(folder), stderr=log)
    try:
        until = time.monotonic() + _PATIENCE
        while not listens(int(well)):
            assert child.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        yield
    finally:
        child.terminate()
        child.wait(_PATIENCE)


def listens(port: int) -> bool:
    """Whether somebody listens at this port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
