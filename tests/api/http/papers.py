"""Small real files, and the shortest way of a paper into the store over HTTP."""

import io
from typing import Any

import httpx
from PIL import Image

AN, BINH = "040090001234", "040090001235"


def page(shade: int = 200) -> bytes:
    """A real PNG of one small page; another `shade` is another paper."""
    written = io.BytesIO()
    Image.new("RGB", (620, 877), (shade % 256, shade // 256 % 256, 220)).save(written, "PNG")
    return written.getvalue()


def upload(client: httpx.Client, content: bytes, **headers: str) -> dict[str, Any]:
    """Send a file; what was answered."""
    answer = client.post("/api/v1/uploads", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def submit(
    client: httpx.Client, content: bytes, *owners: str, compared: bool = True, **said: Any
) -> dict[str, Any]:
    """Hand in a paper of one file that was compared with its paper; what was answered."""
    upload_id = upload(client, content)["upload_id"]
    named = [{"identifier": owner} for owner in owners]
    body = {"uploads": [upload_id], "owners": named, "compared": compared, **said}
    answer = client.post("/api/v1/documents", json=body)
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    return made


def check(client: httpx.Client, place: str, **said: Any) -> httpx.Response:
    """Say that a paper was compared, as it stands now."""
    return as_it_stands(client, place, "check", said)


def put_away(client: httpx.Client, place: str, of: object) -> httpx.Response:
    """Put a paper away for another one, as it stands now."""
    return as_it_stands(client, place, "put-away", {"duplicate_of": str(of), "reason": "Quét hai lần"})


def as_it_stands(client: httpx.Client, place: str, what: str, said: dict[str, Any]) -> httpx.Response:
    """Decide about a paper as it is seen now."""
    seen = client.get(place).headers["etag"]
    return client.post(f"{place}/{what}", json=said, headers={"If-Match": seen})
