"""The world of the role matrix: papers of three citizens at two agencies, all that hangs on them, and who asks.

AN's paper is at the agency of whoever asks. BINH's and CHI's are at another one; BINH has shared hers, and somebody
stands for her (and for the company whose paper it is as well). CHI had shared hers and revoked it, and those who stood
for her do so no more, or not yet. Everybody has a name, a number and a file name by which the tests know it again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx

from api.http.doors import LocalTally
from common import fold
from datastore import CITIZENS, Actor, ActorRole
from tests.api.http.papers import check, page, upload
from tests.api.http.servers import AGENCY, OTHER_AGENCY, MovedClock, Service, service_in_time
from tests.api.http.test_documents import read_all
from tests.api.http.test_exchange import imported

API = "/api/v1"
ABSENT_DOSSIER = "H41.08-261122-9999"
NEVER = date(2099, 1, 1)
KINDS = (ActorRole.REPRESENTATIVE, ActorRole.GUARDIAN)


@dataclass(frozen=True, slots=True)
class Somebody:
    """A citizen or organisation, by what tells that an answer is about it."""

    number: str
    name: str

    @property
    def file_name(self) -> str:
        return f"giấy tờ của {self.name}.png"

    @property
    def canaries(self) -> frozenset[str]:
        """Its number, its name as it is written, encoded and without accents; all in small letters."""
        return frozenset({self.number, self.name.lower(), quote(self.name).lower(), fold(self.name)})


AN = Somebody("040090001234", "Trịnh Hoàng Khuê An")
BINH = Somebody("079098765432", "Tôn Nữ Diệp Bình")
CHI = Somebody("001187654321", "Âu Dương Quỳnh Chi")
COMPANY = Somebody("0100109106", "Công ty cổ phần Sao Khuê Đỏ")
OTHER_COMPANY = Somebody("0301442379", "Công ty cổ phần Trăng Non Xanh")
GIANG = Somebody("001190112233", "Lý Thần Giang")
FORMER = Somebody("001190112244", "Đoàn Cựu Giám")
PROPOSED = Somebody("001190112255", "Kim Chờ Duyệt")
WARD = Somebody("040220001234", "Trịnh Bé Út")
SHUT_OUT = (BINH, CHI, COMPANY, OTHER_COMPANY)
"""Of whom somebody at the first agency, or AN, is told nothing that it did not ask for by number."""

Things = dict[str, str]
"""What there is about a paper, by the name under which an address or a body asks for it."""


@dataclass(slots=True)
class World:
    """The installation, what there is in it, and who asks."""

    service: Service
    clock: MovedClock
    own: Things = field(default_factory=dict)
    other: Things = field(default_factory=dict)
    shared: Things = field(default_factory=dict)
    delegations: dict[ActorRole, str] = field(default_factory=dict)
    """By which GIANG stands for BINH, and for the company."""
    owners: dict[Somebody, str] = field(default_factory=dict)
    clients: dict[ActorRole, httpx.Client] = field(default_factory=dict)
    """Of every role: staff and systems of the first agency, AN, and who stands for nobody."""

    def delegated(self, kind: ActorRole) -> Things:
        """BINH's paper, as it is to whoever stands for her or the company."""
        whom = BINH if kind is ActorRole.GUARDIAN else COMPANY
        said = {"owner_id": self.owners[whom], "identifier": whom.number}
        return {**self.shared, **said, "delegation_id": self.delegations[kind]}

    def absent(self) -> Things:
        """The same things, of a paper that there is not."""
        gone = {name: str(uuid4()) for name in self.own}
        return {**gone, "number": ABSENT_DOSSIER, "doc_code": "G06.01_CV_009999_V1", "identifier": "040090009999",
                "words": "khong co ai ca", "token": "x" * 43, "until": self.own["until"], "code": "H41.77",
                "sha256": self.own["sha256"]}  # fmt: skip

    def standing_for(self, kind: ActorRole, who: Somebody, whom: Somebody) -> httpx.Client:
        """Who asks in the place of somebody, whether it may or not."""
        return self.service.signed_in(
            kind, person="delegate", owner_id=self.owners[who], principal_id=self.owners[whom]
        )

    def forget_knocks(self) -> None:
        """Let nobody be turned away for knocking too often: here a whole town comes from one address."""
        doorkeeper = self.service.app.state.doorkeeper
        self.service.app.state.doorkeeper = replace(doorkeeper, tally=LocalTally())


@contextmanager
def world_at(folder: Path) -> Iterator[World]:
    """All of it: brought over HTTP, read, signed and printed for real."""
    with service_in_time(folder) as (served, clock):
        made = World(served, clock)
        house = served.house
        with house.datastore.begin(house.system("tests"), "know_agencies") as work:
            for agency in (AGENCY, OTHER_AGENCY):
                work.agencies.add(agency, f"Agency {agency}")
        made.own = _brought(made, AGENCY, 1, AN)
        made.shared = _brought(made, OTHER_AGENCY, 2, BINH, COMPANY)
        made.other = _brought(made, OTHER_AGENCY, 3, CHI, OTHER_COMPANY)
        read_all(served)
        for agency, things in ((AGENCY, made.own), (OTHER_AGENCY, made.shared), (OTHER_AGENCY, made.other)):
            with served.signed_in("handler", agency=agency) as handler:
                _made(check(handler, f"{API}/documents/{things['document_id']}"))
        read_all(served)
        made.own |= _printed(made, AGENCY, made.own)
        made.shared |= _printed(made, OTHER_AGENCY, made.shared)
        read_all(served)
        made.other |= _printed(made, OTHER_AGENCY, made.other)
        made.own |= _beside(made, AGENCY, 1, AN)
        made.shared |= _beside(made, OTHER_AGENCY, 2, BINH, COMPANY)
        made.other |= _beside(made, OTHER_AGENCY, 3, CHI, OTHER_COMPANY)
        _delegate(made)
        for owner, things in ((AN, made.own), (BINH, made.shared), (CHI, made.other)):
            things |= _shared(made, owner, things)
        for role in ActorRole:
            more = {"owner_id": made.owners[AN]} if role in CITIZENS else {}
            made.clients[role] = served.signed_in(role, person=f"somebody.{role}", **more)
        yield made
        for client in made.clients.values():
            client.close()


def _made(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def _brought(world: World, agency: str, n: int, *owners: Somebody) -> Things:
    """A dossier and its paper, brought to postal staff, who may not check it."""
    with world.service.signed_in("postal", person="somebody.postal", agency=agency) as postal:
        number = f"H41.08-261122-{n:04}"
        _made(postal.post(f"{API}/dossiers", json={"number": number, "procedure": "1.001193"}))
        file = upload(postal, page(n), **{"Khoso-File-Name": quote(owners[0].file_name)})
        named = [{"identifier": one.number, "name": one.name} for one in owners]
        said = {"uploads": [file["upload_id"]], "owners": named, "type": "KHAI_SINH", "dossier": number}
        paper = _made(postal.post(f"{API}/documents", json=said))
        for one in owners:
            found = _made(postal.post(f"{API}/owners/search", json={"identifier": one.number}))
            world.owners[one] = found["owners"][0]["owner_id"]
    return {
        "document_id": paper["document_id"],
        "job_id": paper["job_id"],
        "number": number,
        "owner_id": world.owners[owners[0]],
        "identifier": owners[0].number,
        "words": owners[0].name,
        "sha256": file["sha256"],
    }


def _beside(world: World, agency: str, n: int, *owners: Somebody) -> Things:
    """A paper of theirs under another system's code; an account, a client and more of the same agency."""
    code = f"G06.01_CV_00000{n}_V1"
    with world.service.signed_in("postal", person="somebody.postal", agency=agency) as postal:
        _made(imported(postal, code, 100 + n, Owners=[one.number for one in owners]))
    officer = {"username": f"officer{n}", "name": "Officer", "roles": ["clerk"], "sign_in": "provider"}
    system = {"name": "System", "scopes": ["papers.read"]}
    hook = {"url": "https://hub.example.vn/khoso", "types": ["vn.khoso.document.*"]}
    below = {"code": f"{agency}.0{n}", "name": "Below"}
    with world.service.signed_in("admin", person="quan.tri", agency=agency) as admin:
        return {
            "doc_code": code,
            "account_id": _made(admin.post(f"{API}/accounts", json=officer))["account"]["id"],
            "client_id": _made(admin.post(f"{API}/clients", json=system))["client"]["id"],
            "webhook_id": _made(admin.post(f"{API}/webhooks", json=hook))["id"],
            "code": _made(admin.post(f"{API}/agencies", json=below))["code"],
        }


def _printed(world: World, agency: str, things: Things) -> Things:
    with world.service.signed_in("handler", agency=agency) as handler:
        asked = {"to": "Ngân hàng", "reason": "Vay vốn"}
        made = _made(handler.post(f"{API}/documents/{things['document_id']}/prints", json=asked))
        return {"print_id": made["print_id"], "text": made["short_code"]}


def _shared(world: World, owner: Somebody, things: Things) -> Things:
    """The owner shows the paper to the first agency, for a day; CHI thinks better of it."""
    until = (world.clock() + timedelta(days=1)).isoformat()
    with world.service.signed_in("owner", owner_id=world.owners[owner]) as client:
        said = {
            "document_id": things["document_id"],
            "purpose": "vay vốn",
            "recipient": "Sở A",
            "agency": AGENCY,
        }
        made = _made(client.post(f"{API}/shares", json={**said, "until": until, "openings": 50}))
        share = made["share"]["id"]
        if owner is CHI:
            _made(client.post(f"{API}/shares/{share}/revoke", json={"reason": "đổi ý"}))
    return {"share_id": share, "token": made["token"], "until": until}


def _delegate(world: World) -> None:
    """Who stands for whom: in force, ended, never confirmed, and (GIANG for CHI) until tomorrow."""
    house = world.service.house
    with house.datastore.begin(house.system("tests", agency=OTHER_AGENCY), "name") as work:
        for one in (GIANG, FORMER, PROPOSED, WARD):
            world.owners[one] = str(work.owners.ensure(one.number, name=one.name).id)
    tomorrow = house.today + timedelta(days=1)
    world.own |= {"delegation_id": _delegation(world, ActorRole.GUARDIAN, AN, WARD, AGENCY)}
    for kind, whom, other in (
        (ActorRole.GUARDIAN, BINH, CHI),
        (ActorRole.REPRESENTATIVE, COMPANY, OTHER_COMPANY),
    ):
        world.delegations[kind] = _delegation(world, kind, GIANG, whom)
        _delegation(world, kind, GIANG, other, until=tomorrow)
        _delegation(world, kind, PROPOSED, other, confirmed=False)
        ended = _delegation(world, kind, FORMER, other)
        with house.datastore.begin(house.system("tests", agency=OTHER_AGENCY), "end") as work:
            work.delegations.end(UUID(ended), reason="đã thành niên")
        world.other |= {"delegation_id": ended}
    world.shared |= {"delegation_id": world.delegations[ActorRole.GUARDIAN]}


def _delegation(
    world: World,
    kind: ActorRole,
    who: Somebody,
    whom: Somebody,
    agency: str = OTHER_AGENCY,
    *,
    until: date = NEVER,
    confirmed: bool = True,
) -> str:
    house = world.service.house
    delegate, principal = UUID(world.owners[who]), UUID(world.owners[whom])
    with house.datastore.begin(house.system("tests", agency=agency), "propose") as work:
        made = work.delegations.make(kind, delegate, principal, ground="quyết định", valid_to=until)
    if confirmed:
        with house.datastore.begin(Actor("hoa.le", "handler", agency, "tests"), "confirm") as work:
            work.delegations.confirm(made.id)
    return str(made.id)
