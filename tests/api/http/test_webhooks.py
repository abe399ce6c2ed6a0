"""Webhooks over HTTP: an agency's admin says who is told of what; secrets are shown once; deliveries are told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import TypeAdapter

from api.client import Client, NotGenuine, read_event
from api.http.routes.told import DocumentEvent, DossierEvent, TryOutEvent
from api.steps.courier import courier_beside
from archive import Ground, Status
from common import Digest
from datastore import AttachedHow, DossierState, NewOriginal, original_key
from tests.api.http.servers import OTHER_AGENCY, Service
from tests.api.http.test_problems import problem_of
from tests.api.receivers import receiver

_PLACE = "/api/v1/webhooks"
_TYPES = ["vn.khoso.document.*", "vn.khoso.dossier.*"]


@pytest.fixture
def admin(served: Service) -> Iterator[httpx.Client]:
    """The admin of the installation's own agency."""
    with served.signed_in("admin", person="an.do") as client:
        yield client


def subscribed(client: httpx.Client, url: str = "http://127.0.0.1:9/x", **headers: str) -> dict[str, Any]:
    answer = client.post(_PLACE, json={"url": url, "types": _TYPES}, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{_PLACE}/{made['id']}"
    return made


def test_a_system_is_subscribed_tried_out_and_its_delivery_is_told(
    served: Service, admin: httpx.Client
) -> None:
    with receiver() as up:
        made = subscribed(admin, up.url)
        waiting = admin.post(f"{_PLACE}/{made['id']}/test")
        assert (waiting.status_code, waiting.json()["state"]) == (202, "waiting")
        place = f"{_PLACE}/{made['id']}/deliveries"
        with courier_beside(served.house):
            (received,) = up.wait_for(1)
            up.wait_until(lambda: admin.get(place).json()["deliveries"][0]["state"] == "delivered")
    assert received.is_signed_by(made["secret"])
    (delivery,) = admin.get(place).json()["deliveries"]
    assert delivery["event_id"] == received.id
    assert (delivery["attempts"], delivery["error"]) == (1, None)
    admin.delete(f"{_PLACE}/{made['id']}")


def test_a_secret_is_shown_once_also_to_whoever_repeats_the_request(admin: httpx.Client) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    made = subscribed(admin, **key)
    again = admin.post(_PLACE, json={"url": made["url"], "types": _TYPES}, headers=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == {**made, "secret": None}
    assert "secret" not in admin.get(f"{_PLACE}/{made['id']}").json()
    assert made["secret"] not in admin.get(_PLACE).text
    other = admin.post(f"{_PLACE}/{made['id']}/secret", json={"keep_old_hours": 1})
    assert (other.status_code, other.json()["secret"] != made["secret"]) == (201, True)
    admin.delete(f"{_PLACE}/{made['id']}")


def test_no_secret_is_kept_in_clear(served: Service, admin: httpx.Client) -> None:
    made = subscribed(admin, **{"Idempotency-Key": str(uuid4())})
    folder = served.house.settings.data_dir
    kept = b"".join(path.read_bytes() for path in folder.glob("khoso.db*"))
    assert made["id"].encode() in kept
    assert made["secret"].removeprefix("whsec_").encode() not in kept
    admin.delete(f"{_PLACE}/{made['id']}")


def test_a_subscription_is_changed_paused_resumed_and_removed(admin: httpx.Client) -> None:
    place = f"{_PLACE}/{subscribed(admin)['id']}"
    types = ["vn.khoso.document.revoked"]
    changed = admin.patch(place, json={"types": types, "state": "paused"}).json()
    assert (changed["types"], changed["state"], changed["reason"]) == (types, "paused", "asked")
    active = admin.patch(place, json={"url": "http://127.0.0.1:9/y", "state": "active"}).json()
    assert (active["url"], active["state"], active["reason"]) == ("http://127.0.0.1:9/y", "active", None)
    assert active in admin.get(_PLACE).json()["webhooks"]
    assert admin.post(f"{place}/retry").json() == {"count": 0}
    assert admin.delete(place).status_code == 204
    for answer in (admin.get(place), admin.delete(place), admin.post(f"{place}/test")):
        problem_of(answer, 404, "not_found")
    assert admin.get(_PLACE).json()["webhooks"] == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"url": "http://receiver.example/", "types": _TYPES}, "bad_webhook_url"),
        ({"url": "https://10.0.0.1/", "types": _TYPES}, "bad_webhook_url"),
        ({"url": "https://receiver.example/", "types": ["vn.khoso.person.*"]}, "bad_event_type"),
        ({"url": "https://receiver.example/", "types": []}, "request_invalid"),
        ({"url": "https://receiver.example/"}, "request_invalid"),
        ({"url": "https://receiver.example/", "types": _TYPES, "secret": "mine"}, "request_invalid"),
    ],
)
def test_what_is_said_wrongly_is_refused(admin: httpx.Client, said: dict[str, Any], code: str) -> None:
    problem_of(admin.post(_PLACE, json=said), 422, code)


def test_only_an_agencys_own_admin_sees_and_changes_its_subscriptions(
    served: Service, admin: httpx.Client, clerk: httpx.Client
) -> None:
    made = subscribed(admin)
    place = f"{_PLACE}/{made['id']}"
    asked = [
        ("GET", _PLACE, None), ("POST", _PLACE, {"url": made["url"], "types": _TYPES}), ("GET", place, None),
        ("PATCH", place, {"state": "paused"}), ("DELETE", place, None), ("GET", f"{place}/deliveries", None),
        ("POST", f"{place}/secret", {}), ("POST", f"{place}/test", None), ("POST", f"{place}/retry", None),
    ]  # fmt: skip
    with served.signed_in("admin", agency=OTHER_AGENCY) as other, served.client() as nobody:
        assert other.get(_PLACE).json()["webhooks"] == []
        for method, address, body in asked:
            problem_of(clerk.request(method, address, json=body), 403, "not_allowed")
            problem_of(nobody.request(method, address, json=body), 401, "sign_in_needed")
            if address != _PLACE:
                problem_of(other.request(method, address, json=body), 404, "not_found")
    assert admin.get(place).json()["state"] == "active"
    admin.delete(place)


def test_deliveries_come_page_by_page(admin: httpx.Client) -> None:
    place = f"{_PLACE}/{subscribed(admin)['id']}"
    for _ in range(5):
        admin.post(f"{place}/test")
    found, cursor = [], None
    while True:
        asked = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = admin.get(f"{place}/deliveries", params=asked).json()
        found += page["deliveries"]
        cursor = page["next"]
        if cursor is None:
            break
    assert len({one["id"] for one in found}) == len(found) == 5
    assert admin.get(f"{place}/deliveries", params={"state": "set_aside"}).json()["deliveries"] == []
    for wrong in ("x", "-1", "9" * 30, "１"):
        problem_of(admin.get(f"{place}/deliveries", params={"cursor": wrong}), 422, "bad_cursor")
    admin.delete(place)


def test_what_is_sent_is_as_the_description_of_the_api_says(served: Service, admin: httpx.Client) -> None:
    """Every kind of event that a paper and a dossier set off, as it comes over the wire."""
    described = TypeAdapter(DocumentEvent | DossierEvent | TryOutEvent)
    with receiver() as up:
        made = subscribed(admin, up.url)
        _live_through_everything(served)
        admin.post(f"{_PLACE}/{made['id']}/test")
        with courier_beside(served.house):
            up.wait_until(lambda: served.house.datastore.outbox.backlog().waiting == 0)
        for received in up.came:
            assert described.validate_json(received.body).type == received.event["type"]
        types = {received.event["type"].removeprefix("vn.khoso.") for received in up.came}
    assert types >= {
        "document.received", "document.checked", "document.valid", "document.superseded", "document.refiled",
        "document.printed", "document.print_revoked", "dossier.opened", "dossier.attached", "dossier.succeeded",
        "dossier.document_superseded", "webhook.test",
    }  # fmt: skip
    (spoken,) = served.app.openapi()["webhooks"].values()
    assert "application/cloudevents+json" in spoken["post"]["requestBody"]["content"]
    admin.delete(f"{_PLACE}/{made['id']}")


def _live_through_everything(served: Service) -> None:
    store, actor = served.house.datastore, served.house.system("test")
    number = f"{served.house.settings.agency}-261125-0042"
    drafts = [store.draft() for _ in range(2)]
    with store.begin(actor, "owners") as work:
        owner, other = (work.owners.ensure(one).id for one in ("040090001234", "001191005678"))
        work.dossiers.open(number, procedure="1.010708")
    papers = []
    for draft in drafts:
        kept = store.put(original_key(draft.id, 1), draft.id.bytes, sealing=draft.data_key)
        with store.begin(actor, "receive") as work:
            original = NewOriginal(kept, "image/png", "trang 1.png")
            papers.append(work.documents.receive(draft, originals=[original], owners=[owner]).id)
            work.documents.become(draft.id, Status.READ)
            work.documents.check(draft.id, by="mai")
            work.documents.become(draft.id, Status.PROVISIONAL)
            work.documents.make_valid(draft.id, Ground.BACK_FILE)
    with store.begin(actor, "everything") as work:
        work.dossiers.attach(number, papers[0], component="KHAI_SINH", how=AttachedHow.REUSED)
        made = work.prints.issue(papers[0], revision_sha256=Digest.of(b"x"), to_whom="a", reason="b")
        work.prints.revoke(made.id, reason="c")
        work.documents.refile(papers[0], to=other, reason="d")
        work.documents.supersede(papers[0], by=papers[1], reason="e")
        work.dossiers.close(number, DossierState.SUCCEEDED)


def test_the_client_subscribes_and_reads_only_what_is_genuine(served: Service, admin: httpx.Client) -> None:
    token = admin.headers["Authorization"].removeprefix("Bearer ")
    now = served.house.clock()
    with receiver() as up, Client(served.url, token=token, purpose="webhooks") as kho:
        webhook = kho.subscribe(up.url, ["vn.khoso.document.valid"])
        assert webhook.secret is not None
        assert kho.webhooks() == (replace(webhook, secret=None),)
        other = kho.new_secret(webhook.id)
        admin.post(f"{_PLACE}/{webhook.id}/test")
        with courier_beside(served.house):
            (received,) = up.wait_for(1)
        kho.unsubscribe(webhook.id)
        assert kho.webhooks() == ()
    headers, body = received.headers, received.body
    for secret in (webhook.secret, other):
        assert read_event(headers, body, [secret], now).type == "vn.khoso.webhook.test"
    shouted = {name.upper(): value for name, value in headers.items()}
    assert read_event(shouted, body, ["whsec_AAAA", other], now).subject == f"webhooks/{webhook.id}"
    forged = [
        (headers, body.replace(b"test", b"tost"), [other], now),
        ({**headers, "webhook-id": str(uuid4())}, body, [other], now),
        ({**headers, "webhook-timestamp": "1"}, body, [other], now),
        ({**headers, "webhook-timestamp": "soon"}, body, [other], now),
        (headers, body, [other], now + timedelta(minutes=10)),
        (headers, body, ["whsec_AAAA"], now),
        (headers, body, ["whsec_not base64"], now),
        (headers, body, [], now),
        ({}, body, [other], now),
    ]
    for case in forged:
        with pytest.raises(NotGenuine):
            read_event(*case)
