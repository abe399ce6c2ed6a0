"""People at the door of a served installation: officers with passwords, citizens at a provider, their browsers."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from api.http.identity import CSRF_HEADER
from datastore import Account, ActorRole
from tests.api.http.servers import AGENCY, Service
from tests.api.providers import consent

INITIAL, OWN = "given by the administrator", "chosen by herself, long"


def an_officer(served: Service, username: str, *roles: ActorRole, agency: str = AGENCY) -> Account:
    """An account with a password of its own choice."""
    house = served.house
    given = house.datastore.officers.hashed(username, INITIAL)
    with house.datastore.begin(house.system("tests", agency=agency), "make_account") as work:
        made = work.accounts.make(username, username.title(), *roles, password=given)
    house.datastore.officers.change_password(username, INITIAL, OWN)
    return made


@contextmanager
def browser(served: Service) -> Iterator[httpx.Client]:
    """A browser on a page of ours; it goes nowhere by itself."""
    with served.client(Origin=served.url) as client:
        yield client


def sign_in(client: httpx.Client, username: str, password: str = OWN) -> dict[str, object]:
    """Sign in with an account; the page keeps the token for changes."""
    answer = client.post("/sign-in/local", json={"account": username, "password": password})
    assert answer.status_code == 200, answer.text
    return keep_csrf(client, answer)


def keep_csrf(client: httpx.Client, answer: httpx.Response) -> dict[str, object]:
    """The session that an answer tells of; its token for changes goes with the next requests."""
    session: dict[str, object] = answer.json()
    client.headers[CSRF_HEADER] = str(session["csrf"])
    return session


def go_to_provider(
    client: httpx.Client, subject: str | None, start: str = "/sign-in/start"
) -> httpx.Response:
    """From the start over the provider's page back to us."""
    sent = client.get(start)
    assert sent.status_code == 303, sent.text
    return client.get(str(consent(sent.headers["Location"], subject)))


def sign_in_citizen(client: httpx.Client, subject: str) -> dict[str, object]:
    """A citizen signs in at the provider."""
    back = go_to_provider(client, subject)
    assert back.status_code == 303, back.text
    return keep_csrf(client, client.get("/session"))
