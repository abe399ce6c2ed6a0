"""Everybody asks everything that the API describes, and what it forbids: no 5xx, no answer that is not described.

Here the examples in everybody's place, and every edge of every operation in the place of one who may ask for it; with
hundreds of drawn requests in each role it is a command of its own (`python -m bench.probe`).
"""

from collections.abc import Iterator

import pytest

from bench.probe.probing import Probed, probe
from bench.probe.world import World, world
from datastore import ActorRole, may
from tests.api.http.test_role_matrix import ACTS

_SEED = 3
_NAMES = [*(role.value for role in ActorRole), "handler in a browser", "nobody"]
_EDGES_AS = (ActorRole.HANDLER, ActorRole.ADMIN, ActorRole.OWNER, ActorRole.CLERK, ActorRole.AUDITOR)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("probed")) as made:
        yield made


def shown(probed: Probed) -> str:
    return "\n".join([*probed.broken, *(str(finding) for finding in probed.findings.values())])


def of_role(role: ActorRole) -> list[str]:
    """The operations whose edges are tried in a role: the first of `_EDGES_AS` that may ask for them."""
    return [
        operation
        for operation, act in ACTS.items()
        if role == next((one for one in _EDGES_AS if act is None or may(one, act)), ActorRole.HANDLER)
    ]


def test_everybody_who_can_sign_in_is_there(there: World) -> None:
    assert sorted(asker.name for asker in there.askers) == sorted(_NAMES)


@pytest.mark.parametrize("name", _NAMES)
def test_what_the_description_shows_is_answered_as_it_says(there: World, name: str) -> None:
    probed = probe(there, there.asker(name), phases=["examples"], examples=1, seed=_SEED)
    assert probed.well, shown(probed)
    assert probed.requests.total() > probed.operations / 2


@pytest.mark.parametrize("role", [role for role in _EDGES_AS if of_role(role)])
def test_every_edge_of_what_may_be_asked_is_answered_as_described(there: World, role: ActorRole) -> None:
    probed = probe(
        there, there.asker(role), phases=["coverage"], examples=1, seed=_SEED, operations=of_role(role)
    )
    assert probed.well, shown(probed)
    assert probed.requests.total() > 5 * probed.operations
