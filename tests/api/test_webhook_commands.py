"""Subscribing from the command line, and what the documentation tells receivers."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from api.exits import Exit
from tests.api.receivers import receiver
from tests.conftest import CHECKOUT

_KHOSO = Path(sys.executable).with_name("khoso")


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHOSO_DATA_DIR", str(tmp_path / "var"))


@pytest.fixture
def khoso(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """A command that ends well; what it printed."""

    def done(*arguments: str) -> str:
        assert run(["webhooks", *arguments]) == Exit.DONE, capsys.readouterr().err
        return capsys.readouterr().out

    return done


def documented_check() -> Callable[[dict[str, str], bytes, str], bool]:
    """The receiver's check as `docs/webhooks.md` shows it."""
    text = (CHECKOUT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    defined: dict[str, Any] = {}
    exec(code, defined)
    check: Callable[[dict[str, str], bytes, str], bool] = defined["is_genuine"]
    return check


@pytest.mark.parametrize("process", [["beat"], ["worker"]])
def test_who_subscribed_is_told_by_the_courier_and_can_check_it_as_documented(
    khoso: Callable[..., str], process: list[str]
) -> None:
    with receiver() as up:
        made = json.loads(khoso("add", up.url, "--type", "vn.khoso.document.*", "--json"))
        khoso("test", made["id"])
        courier = subprocess.Popen([_KHOSO, *process], stderr=subprocess.PIPE)
        try:
            (received,) = up.wait_for(1)
            up.wait_until(lambda: delivered(khoso, made["id"]))
        finally:
            courier.send_signal(signal.SIGTERM)
            courier.communicate(timeout=30)
        assert courier.returncode == 0
    assert received.event["type"] == "vn.khoso.webhook.test"
    check = documented_check()
    assert check(received.headers, received.body, made["secret"])
    assert not check(received.headers, received.body + b" ", made["secret"])
    old = {**received.headers, "webhook-timestamp": "1700000000"}
    assert not check(old, received.body, made["secret"])


def delivered(khoso: Callable[..., str], id: str) -> bool:
    (delivery,) = json.loads(khoso("list", id, "--json"))["deliveries"]
    return bool(delivery["state"] == "delivered")


def test_a_secret_is_shown_once_and_changed_with_another(khoso: Callable[..., str]) -> None:
    said = khoso("add", "http://127.0.0.1:9/hook")
    (secret,) = re.findall(r"whsec_\S+", said)
    (subscription,) = json.loads(khoso("list", "--json"))["subscriptions"]
    assert subscription["types"] == ["vn.khoso.document.*", "vn.khoso.dossier.*"]
    id = subscription["id"]
    assert secret not in khoso("list") + khoso("list", id)
    (other,) = re.findall(r"whsec_\S+", khoso("rotate", id))
    assert other != secret
    assert "paused" in khoso("pause", id)
    assert "active" in khoso("resume", id)
    assert "0" in khoso("retry", id)
    khoso("remove", id)
    assert json.loads(khoso("list", "--json")) == {"subscriptions": []}


@pytest.mark.parametrize(
    "arguments", [["add", "http://receiver.example/"], ["add", "https://10.0.0.1/"],
                  ["add", "https://receiver.example/", "--type", "vn.khoso.nothing"],
                  ["retry", "01a200e0-5076-7574-a8fe-df7af85edd29"]],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line_that_says_why(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["webhooks", *arguments]) == Exit.BAD_INPUT
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert " / " in line


def test_a_list_of_networks_that_is_none_is_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KHOSO_WEBHOOK_HOSTS", "10.0.0.0/99")
    assert run(["webhooks", "list"]) == Exit.BAD_INPUT
    assert "KHOSO_WEBHOOK_HOSTS" in capsys.readouterr().err
