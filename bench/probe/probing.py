"""Schemathesis over the description that the running application gives of itself, in the place of somebody.

Asked is what the description allows and what it forbids, about things that are there and things that are not; the
answer has to be one that is described. The seed fixes what is asked, as far as the application is the same.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.auths import AuthContext, AuthProvider
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.generation.case import Case
from schemathesis.schemas import BaseSchema

from bench.probe.world import API, Asker, Shown, World

PHASES = ("examples", "coverage", "fuzzing", "stateful")
_NOT_HELD = {
    # What a schema cannot say (a dossier that is there, a number with its check digit, a purpose) is refused with 422.
    "positive_data_acceptance": {"enabled": False},
}
_SPOILING = ("put_document_away", "refile_document", "revoke_document", "supersede_document")
_LONGEST_SAID = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer that should not have been, and how to ask for it again."""

    asker: str
    operation: str
    check: str
    said: str
    request: str
    status: int | None


@dataclass(slots=True)
class Probed:
    """What was asked in somebody's place. A finding is told once for each operation and check."""

    asker: str
    operations: int
    requests: Counter[str] = field(default_factory=Counter)
    """By phase."""
    statuses: Counter[str] = field(default_factory=Counter)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    """What the prober itself could not do: nothing was proven there."""

    @property
    def well(self) -> bool:
        return not self.findings and not self.broken


def probe(
    world: World,
    asker: Asker,
    *,
    phases: Collection[str] = PHASES,
    examples: int,
    seed: int,
    operations: Collection[str] | None = None,
) -> Probed:
    """Ask everything (or only `operations`) in the place of `asker`, `examples` times in each phase that draws."""
    with world.service.client() as client:
        described = client.get(f"{API}/openapi.json").json()
    schema: BaseSchema = schemathesis.openapi.from_dict(
        described, config=_config(world, phases, examples, seed, operations)
    )
    probed = Probed(asker.name, schema.statistic.operations.selected)
    schema.auth(refresh_interval=None)(_shown_by(asker))
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            probed.requests[event.phase.value] += len(event.recorder.interactions)
            _note(probed, event.recorder)
        elif isinstance(event, events.NonFatalError):
            probed.broken.append(f"{event.label}: {event.value}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    return probed


def _config(
    world: World, phases: Collection[str], examples: int, seed: int, operations: Collection[str] | None
) -> SchemathesisConfig:
    places = {name: things for name, things in world.things.items() if name != "to_spoil"}
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": world.service.url,
            "request-timeout": 60,
            "continue-on-failure": True,
            "warnings": False,
            "checks": _NOT_HELD,
            "generation": {"deterministic": True, "max-examples": examples, "no-shrink": True},
            "phases": {name: {"enabled": name in phases} for name in PHASES},
            "dictionaries": {
                **{name: {"values": things} for name, things in world.things.items()},
                "purpose": {"values": ["kiem-thu"]},
                "seen": {"values": [f'"d{stamp}"' for stamp in range(1, 9)]},
            },
            "parameters": {
                "header.Khoso-Purpose": {"dictionary": "purpose", "probability": 0.9},
                **{f"path.{name}": {"dictionary": name, "probability": 0.8} for name in places},
            },
            "operations": [
                {
                    "include-operation-id": list(_SPOILING),
                    "parameters": {"path.document_id": {"dictionary": "to_spoil", "probability": 0.8}},
                },
                {
                    "include-operation-id": ["check_document", "put_document_away"],
                    "parameters": {"header.If-Match": {"dictionary": "seen", "probability": 0.8}},
                },
                *(
                    []
                    if operations is None
                    else [{"exclude-operation-id": list(operations), "enabled": False}]
                ),
            ],
        }
    )


def _shown_by(asker: Asker) -> type[AuthProvider[Shown]]:
    """The prober's way of sending what somebody shows; requests that must go without are sent without."""

    class Shows:
        def get(self, case: Case[Any], _context: AuthContext) -> Shown:
            return asker.shows_for(case.operation.definition.raw.get("operationId", ""))

        def set(self, case: Case[Any], data: Shown, _context: AuthContext) -> None:
            case.headers.update(data.headers)
            case.cookies.update(data.cookies)

    return Shows


def _note(probed: Probed, recorder: ScenarioRecorder) -> None:
    for id, interaction in recorder.interactions.items():
        answer = interaction.response
        probed.statuses[str(answer.status_code) if answer else "none"] += 1
        for check in recorder.checks.get(id, ()):
            if check.failure_info is None:
                continue
            operation = recorder.cases[id].value.operation.label
            request = interaction.request
            probed.findings.setdefault(
                (operation, check.name),
                Finding(
                    probed.asker,
                    operation,
                    check.name,
                    f"{check.failure_info.failure.title}: {check.failure_info.failure.message}"[
                        :_LONGEST_SAID
                    ],
                    f"{request.method} {request.uri} {(request.body or b'')!r}"[:_LONGEST_SAID],
                    answer.status_code if answer else None,
                ),
            )


def totals(all_of_them: Collection[Probed]) -> Mapping[str, int]:
    """How much was asked by all together."""
    return {
        "askers": len(all_of_them),
        "operations": max(probed.operations for probed in all_of_them),
        "requests": sum(probed.requests.total() for probed in all_of_them),
        "findings": sum(len(probed.findings) for probed in all_of_them),
    }
