"""Which OpenID providers an installation has, by its settings."""

from pathlib import Path

import pytest

from api.http.providers import Kind, NoProvider, Providers, ProviderSettings
from api.settings import Environment, Settings
from common import utc_now

VNEID = {
    "oidc_issuer": "https://vneid.example",
    "oidc_client_id": "khoso",
    "public_url": "https://kho.example.vn",
}
AGENCY = {"officer_oidc_issuer": "https://sso.agency.example", "officer_oidc_client_id": "kho"}


def providers(**settings: object) -> Providers:
    return Providers.of(Settings.model_validate(settings), utc_now)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("s3cret\n", encoding="utf-8")
    return file


def test_without_a_provider_nobody_signs_in_through_one() -> None:
    with pytest.raises(NoProvider):
        providers().of_kind(Kind.CITIZEN)


def test_one_provider_serves_both_kinds_and_officers_may_have_their_own(secret: Path) -> None:
    one = providers(**VNEID, oidc_client_secret_file=secret)
    assert one.of_kind(Kind.OFFICER).provider == one.of_kind(Kind.CITIZEN).provider
    assert one.of_kind(Kind.CITIZEN).provider.client_secret == "s3cret"
    assert one.of_kind(Kind.CITIZEN).provider.redirect_uri == "https://kho.example.vn/sign-in/callback"
    assert "s3cret" not in repr(one.of_kind(Kind.CITIZEN).provider)
    two = providers(**VNEID, **AGENCY)
    assert two.of_kind(Kind.OFFICER).provider.issuer == "https://sso.agency.example"
    assert two.of_kind(Kind.CITIZEN).provider.issuer == "https://vneid.example"


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"oidc_client_id": ""}, "KHOSO_OIDC_CLIENT_ID"),
        ({"oidc_issuer": "http://vneid.example"}, "KHOSO_OIDC_ISSUER"),
        ({"public_url": None}, "KHOSO_PUBLIC_URL"),
        ({"oidc_client_secret_file": Path("no-such-file")}, "KHOSO_OIDC_CLIENT_SECRET_FILE"),
        ({"oidc_client_secret_file": Path("/dev/null")}, "KHOSO_OIDC_CLIENT_SECRET_FILE"),
        ({"env": Environment.PRODUCTION}, "KHOSO_OIDC_CLIENT_SECRET_FILE"),
    ],
)
def test_settings_that_do_not_fit_together_are_named(changes: dict[str, object], names: str) -> None:
    with pytest.raises(ProviderSettings) as refused:
        providers(**(VNEID | changes))
    assert names in str(refused.value.facts["names"])


def test_production_asks_no_provider_without_tls(secret: Path) -> None:
    at_home = VNEID | {"oidc_issuer": "http://127.0.0.1:9400", "oidc_client_secret_file": secret}
    assert providers(**at_home).of_kind(Kind.CITIZEN)
    with pytest.raises(ProviderSettings):
        providers(**at_home, env=Environment.PRODUCTION)
