"""The counters are what the operations manual says, and none has a label that a stranger could fill."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from api.cli.place import house
from api.house import House
from api.installation_metrics import Installation
from api.metrics import REGISTRY, method_label, status_label
from api.progress import steps_on_stderr
from tests.conftest import CHECKOUT

_LABELS = {
    "route", "method", "status",  # templates, known methods, classes
    "kind", "outcome", "role", "priority", "state", "operation", "code",  # words of ours
    "process", "version", "le",
}  # fmt: skip


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))
    with steps_on_stderr() as steps, house(steps) as one:
        one.datastore.keep_lock_proof(with_root=False)
        yield one


def _names(opened: House) -> set[str]:
    """Every name under which something of ours can be asked for, whether it was counted yet or not."""
    of_all = CollectorRegistry()
    of_all.register(Installation(opened))
    families = [*REGISTRY.collect(), *of_all.collect()]
    endings = {
        "counter": ("_total",),
        "histogram": ("_bucket", "_count", "_sum"),
        "info": ("_info",),
        "gauge": ("",),
    }
    return {family.name + ending for family in families for ending in endings[family.type]}


def test_every_counter_that_the_manual_names_is_there(opened: House) -> None:
    manual = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\bkhoso_[a-z_]+", manual))
    assert len(named) > 8
    assert named <= _names(opened)


def test_no_label_is_a_stranger_s_to_fill(opened: House) -> None:
    of_all = CollectorRegistry()
    of_all.register(Installation(opened))
    for registry in (REGISTRY, of_all):
        for family in registry.collect():
            for sample in family.samples:
                assert sample.labels.keys() <= _LABELS, sample


@pytest.mark.parametrize(("sent", "counted"), [("GET", "GET"), ("get", "other"), ("040090001234", "other")])
def test_a_method_is_a_known_one_or_other(sent: str, counted: str) -> None:
    assert method_label(sent) == counted


@pytest.mark.parametrize(("status", "counted"), [(200, "2xx"), (404, "4xx"), (499, "4xx"), (503, "5xx")])
def test_a_status_is_counted_by_its_class(status: int, counted: str) -> None:
    assert status_label(status) == counted


def test_what_is_shown_is_in_the_form_that_prometheus_reads() -> None:
    from prometheus_client.exposition import generate_latest

    assert list(text_string_to_metric_families(generate_latest(REGISTRY).decode()))
