"""The OpenID providers of this installation: one for citizens, one for officers, perhaps the same, perhaps none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from api.connectors.bounded_http import is_safe_url
from api.connectors.oidc import LogoutNotice, Provider, ProviderUnreachable, RelyingParty, SignInRefused
from api.http.browser import Site
from api.http.oauth_forms import OAuthFault
from api.settings import Settings
from common import Clock, KhosoError

CALLBACK = "/sign-in/callback"


class Kind(StrEnum):
    """Who wants to sign in."""

    CITIZEN = "citizen"
    OFFICER = "officer"


class ProviderSettings(KhosoError):
    """The settings of an OpenID provider do not fit together; fact `names`."""

    code = "provider_settings"


class NoProvider(KhosoError):
    """Nobody of this kind signs in through a provider here."""

    code = "no_provider"


@dataclass(frozen=True, slots=True)
class Providers:
    """The relying parties of this installation. Belongs to one event loop; `close` it."""

    parties: Mapping[Kind, RelyingParty] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> "Providers":
        """The providers that the settings name; ProviderSettings."""
        citizens = _provider(
            settings, "OIDC", settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret_file
        )
        officers = _provider(
            settings,
            "OFFICER_OIDC",
            settings.officer_oidc_issuer,
            settings.officer_oidc_client_id,
            settings.officer_oidc_client_secret_file,
        )
        found = {Kind.CITIZEN: citizens, Kind.OFFICER: officers or citizens}
        return cls({kind: RelyingParty(one, clock) for kind, one in found.items() if one is not None})

    def of_kind(self, kind: Kind) -> RelyingParty:
        """Where people of this kind prove who they are; NoProvider."""
        if kind not in self.parties:
            raise NoProvider
        return self.parties[kind]

    async def read_logout(self, logout_token: str) -> LogoutNotice:
        """What a provider of ours orders; OAuthFault when it comes from none of them."""
        for party in self.parties.values():
            try:
                return await party.read_logout(logout_token)
            except SignInRefused:
                continue  # perhaps the other one's
        raise OAuthFault("invalid_request", "the logout token was not accepted")

    async def way_out(self, issuer: str | None, return_to: str) -> str | None:
        """Where a session of this issuer ends at the provider; None when there is no such place, or it is away."""
        for party in self.parties.values():
            if party.provider.issuer == issuer:
                try:
                    return await party.logout_address(return_to)
                except ProviderUnreachable:
                    return None  # the session here has ended; that is what was asked for
        return None

    async def close(self) -> None:
        """Give back the connections."""
        for party in self.parties.values():
            await party.close()


def _providers(request: Request) -> Providers:
    providers: Providers = request.app.state.providers
    return providers


TheProviders = Annotated[Providers, Depends(_providers)]


def _provider(
    settings: Settings, named: str, issuer: str | None, client_id: str, secret_file: Path | None
) -> Provider | None:
    if issuer is None:
        return None
    at_home = not settings.production
    if not client_id or not is_safe_url(issuer, loopback_http=at_home):
        raise ProviderSettings(names=f"KHOSO_{named}_ISSUER, KHOSO_{named}_CLIENT_ID")
    if settings.public_url is None:
        raise ProviderSettings(names="KHOSO_PUBLIC_URL")
    secret = _secret(secret_file)
    if secret is None or (settings.production and not secret):
        raise ProviderSettings(names=f"KHOSO_{named}_CLIENT_SECRET_FILE")
    return Provider(
        issuer=issuer,
        client_id=client_id,
        client_secret=secret,
        redirect_uri=Site.at(settings.public_url).url(CALLBACK),
        scope=settings.oidc_scope,
        acr_values=tuple(settings.oidc_acr_values.split()),
        step_up_acr_values=tuple(settings.oidc_step_up_acr_values.split()),
        loopback_http=at_home,
    )


def _secret(file: Path | None) -> str | None:
    """What the file holds; nothing for no file, None for one that has no secret."""
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        # The caller names the setting; the path may tell more than an answer should.
        return None
