"""Where an S3 server is and how it is spoken to; without the library that speaks, which takes a moment to load."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class S3Place:
    """Which server and with which key. Path-style addresses; `https`, where nobody said otherwise."""

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    ca_file: Path | None = None
    """The authority of the server's certificate; None: the public ones."""
    connect_seconds: float = 5.0
    """To connect, and to get rid of a piece of what is sent."""
    answer_seconds: float = 30.0
    """Until the next piece of an answer comes; a put of a big file is answered when all of it is on the disks."""

    @property
    def host(self) -> str:
        return urlsplit(self.endpoint).netloc

    @property
    def secure(self) -> bool:
        return urlsplit(self.endpoint).scheme == "https"
