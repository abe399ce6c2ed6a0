"""The example of `docs/api.md`, line by line as it stands there, against a server that runs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from api.http.routes.dossiers import CitationView, Holdings, HoldingsAsked, Reference
from api.http.routes.stores import Found, Search
from tests.api.http.servers import Service
from tests.conftest import CHECKOUT, program

_LONGEST_SECONDS = 300


@contextmanager
def worker_beside(environment: Mapping[str, str]) -> Iterator[None]:
    """What `khoso serve` has beside it."""
    with subprocess.Popen([sys.executable, "-m", "api.cli", "worker"], env=environment) as worker:
        try:
            yield
        finally:
            worker.terminate()


def test_the_example_of_the_documentation_leads_to_a_print_that_verifies(
    served: Service, tmp_path: Path
) -> None:
    program("curl")
    (lines,) = re.findall(r"## An example\n.*?```sh\n(.*?)```", _manual(), re.DOTALL)
    assert "http://127.0.0.1:8080" in lines
    (tmp_path / "samples").symlink_to(CHECKOUT / "samples")
    environment = os.environ | {
        "KHOSO_DATA_DIR": str(served.house.settings.data_dir),
        "KHOSO_WORKERS": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with worker_beside(environment):
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", lines.replace("http://127.0.0.1:8080", served.url)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "event: job" in done.stdout
    said = list(_documents_in(done.stdout))
    (cited,) = (one for one in said if "attached_by" in one)
    (found,) = (one for one in said if "more" in one)
    assert [one["document_id"] for one in found["documents"]] == [cited["document_id"]], (
        "by the name of its type"
    )
    (held,) = (one["components"][0] for one in said if "components" in one)
    assert (held["state"], held["reusable"][0]["sha256"]) == ("held", cited["sha256"])
    verdict = json.loads(done.stdout[done.stdout.rindex('{"verdict"') :])
    assert (verdict["verdict"], verdict["status"]) == ("TOTAL-PASSED", "good")
    assert verdict["document"]["print_number"] == 1


def _documents_in(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects that a text holds, one after the other or with lines between them."""
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        found, end = decoder.raw_decode(text, at)
        yield found
        at = text.find("{", end)


def _manual() -> str:
    return (CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("address", "asked", "answered"),
    [
        ("/search", Search, Found),
        ("/dossiers/{number}/holdings-check", HoldingsAsked, Holdings),
        ("/dossiers/{number}/attachments", Reference, CitationView),
    ],
)
def test_the_bodies_of_the_documentation_have_the_form_that_is_taken_and_answered(
    address: str, asked: type[BaseModel], answered: type[BaseModel]
) -> None:
    """Whoever wrote against them had to look into the description for what the documentation left out."""
    _before, _address, after = _manual().partition(f"\n`POST {address}` (")
    body, answer = re.findall(r"```json\n(.*?)```", after, re.DOTALL)[:2]
    if address == "/search":
        assert f"send $api/search '{body.strip()}'" in _manual(), "the example above asks just that"
    assert asked.model_validate_json(body)
    assert answered.model_validate_json(answer).model_dump(mode="json") == json.loads(answer)
