"""The application put together: one `House`, its routes, what stands before them, what becomes of errors."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from api.house import House
from api.http import problems
from api.http.browser import require_public_url
from api.http.development import DevelopmentSessions, development_routes
from api.http.doors import Doorkeeper, tally_for
from api.http.guards import BodyBounds, SecurityHeaders
from api.http.health import health_routes
from api.http.identity import Resolver, resolving
from api.http.oauth_forms import OAuthFault
from api.http.observing import Observed
from api.http.openapi import describe
from api.http.parts import API
from api.http.providers import Providers
from api.http.resolvers import Sessions, Systems
from api.http.routes import (
    accounts,
    changes,
    clients,
    delegations,
    documents,
    dossiers,
    exchange,
    jobs,
    me,
    oauth,
    prints,
    public,
    published,
    shares,
    sign_in,
    stores,
    told,
    types,
    uploads,
    verification,
    webhooks,
)
from api.http.threads import Threads
from api.http.together import Together
from api.steps.health import readiness
from api.steps.published import PublishedFiles
from common import say

_MOST_JSON = 1_000_000
"""Bytes of any body that is no file."""
_TAKINGS = 3
"""Papers that one process keeps at once: one computes while others wait for the database."""
_TURNS = 2
"""Of what is asked for several requests together (`together`): while one turn waits, another computes."""
_MOST_LOOKS = 8
"""Lists that are made in one turn: each is a question of its own, and the first waits for the last."""
# A request is held against one route after the other: what is asked most stands first.
_ROUTES = (
    verification,
    stores,
    documents,
    types,
    uploads,
    jobs,
    published,
    dossiers,
    prints,
    public,
    shares,
    exchange,
    changes,
    me,
    accounts,
    clients,
    delegations,
    webhooks,
)
_AT_THE_ROOT = (sign_in, oauth)
_THREADS = ("openings", "takings", "own_openings", "checkings", "knowings", "codes", "looks")


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """What belongs to the event loop lives as long as it."""
    house: House = app.state.house
    app.state.providers = Providers.of(house.settings, house.clock)
    async with AsyncExitStack() as at_the_end:
        for each in _THREADS:
            at_the_end.push_async_callback(getattr(app.state, each).close)
        at_the_end.push_async_callback(app.state.providers.close)
        yield


def make_app(
    house: House, *, development_sign_in: bool = False, resolvers: Sequence[Resolver] = ()
) -> FastAPI:
    """The JSON API of an installation. `development_sign_in` makes anybody anything: never in production."""
    require_public_url(house.settings)
    app = FastAPI(
        title="Khoso",
        version="1",
        summary="Papers that citizens bring to a one-stop shop become signed electronic documents.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # It would tell others the path and the query of a request; what may be seen of one, `Observed` writes down.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=_life,
    )
    app.state.house = house
    app.state.resolvers = [Sessions(house), Systems(house), *resolvers]
    app.state.published = PublishedFiles(house)
    app.state.streams = jobs.Streams()
    app.state.doorkeeper = Doorkeeper(tally_for(house.settings.broker), house.datastore.secret("doors"))
    app.state.openings = Threads("opening", house.settings.openings)
    app.state.takings = Threads("taking", _TAKINGS)
    app.state.own_openings = Threads("opening-own", house.settings.openings)
    app.state.checkings = Threads("checking", house.settings.openings)
    app.state.knowings = Together(Threads("knowing", _TURNS), resolving(app.state.resolvers))
    app.state.looks = Together(Threads("look", _TURNS), house.datastore.look_together, most=_MOST_LOOKS)
    app.state.codes = Together(
        Threads("code", _TURNS),
        verification.codes_checked(house, app.state.published, lambda: app.state.doorkeeper),
    )
    problems.install(app)
    app.add_exception_handler(OAuthFault, oauth.answer_fault)
    settings = house.settings
    app.add_middleware(
        BodyBounds,
        most=_MOST_JSON,
        most_of={
            f"{API}/uploads": settings.max_bytes,
            f"{API}/verify/file": settings.max_bytes,
            f"{API}/documents/import": exchange.LARGEST_IMPORT,
        },
        grace=settings.body_grace_seconds,
        rate=settings.body_bytes_per_second,
    )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Observed)  # outermost: it sees what the others refuse
    for routes in _ROUTES:
        app.include_router(routes.router, prefix=API)
    app.include_router(health_routes(readiness(house)))
    for routes in _AT_THE_ROOT:
        app.include_router(routes.router)
    if development_sign_in and not settings.production:
        sessions = DevelopmentSessions(settings.agency, house.clock)
        app.state.resolvers.append(sessions)
        app.include_router(development_routes(sessions))
        house.steps.say(str(say("development_sign_in_open")))
    app.webhooks.routes.extend(told.router.routes)
    app.openapi = describe(app)  # type: ignore[method-assign]  # as the framework documents it
    return app
