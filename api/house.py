"""The parts of one installation put together: what every journey is handed.

Opening the house makes what the embedded default needs on first start (folders, keys, development PKI, tables)
and refuses to start a pretend part in production.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from api.connectors.clamd import Clamd
from api.keys import EVERY_KEY, Keys, open_keys
from api.object_metrics import Metered
from api.object_store import open_objects
from api.progress import Steps
from api.public import fetched_trust
from api.settings import Settings
from api.traces import current_trace
from api.workroom import Workroom, workroom
from archive import Rules, packaged_rules
from common import VIETNAM, Clock, new_id, say, utc_now
from datastore import (
    Act,
    Actor,
    Agency,
    Datastore,
    JobRole,
    Keyring,
    Override,
    OverrideKind,
    Wake,
    Work,
    nobody_to_wake,
)
from ingest import (
    BadCatalogueOverride,
    Catalogue,
    CatalogueOverride,
    Limits,
    PagePool,
    Scanner,
    load_catalogue,
    require_walls,
)
from signing import TrustBundle


@dataclass(frozen=True, slots=True)
class House:
    """One process's view of the installation."""

    settings: Settings
    clock: Clock
    datastore: Datastore
    keys: Keys
    """What this process signs with."""
    catalogue: Catalogue
    rules: Rules
    room: Workroom
    steps: Steps
    wake: Wake = nobody_to_wake
    """Tells workers in other processes, where there are some, that work waits."""
    scanner: Scanner | None = None
    """Looks for malware in what comes in; None where no scanner is set."""

    @property
    def limits(self) -> Limits:
        return limits_of(self.settings)

    @property
    def published(self) -> Path:
        """What anyone may see: trust bundle, status list, log checkpoint."""
        return published_folder(self.settings)

    @property
    def trust(self) -> TrustBundle:
        """Whom this process trusts: what the authority says of itself where its keys are, else what was published.
        TrustNotPublished."""
        signers, log_key = self.keys.signers_here, self.keys.log_here
        if signers is None:
            return fetched_trust(self.datastore, self.published)
        facts = signers.facts()
        return facts.trust([] if log_key is None else [log_key.public], facts.as_of)

    @property
    def today(self) -> date:
        """The date in Viet Nam, by which rules are chosen."""
        return self.clock().astimezone(VIETNAM).date()

    def system(self, purpose: str, *, agency: str | None = None) -> Actor:
        """The installation itself, at work for an agency."""
        return Actor("system", "system", agency or self.settings.agency, purpose)

    def catalogue_of(self, work: Work, on: date | None = None) -> Catalogue:
        """The types as the agency at work knows them on a day, today if none is named: with what it, and not another
        one, has imported until now.

        Imports that contradict each other are left out, as when the house is opened.
        """
        day = on or self.today
        imported = catalogue_overrides(work.overrides.on(OverrideKind.CATALOGUE, day))
        try:
            return load_catalogue(day, overrides=imported)
        except BadCatalogueOverride:
            return load_catalogue(day)

    def agencies(self, work: Work) -> tuple[Agency, ...]:
        """Every agency that is known, by code; the installation's own is, also where nobody has added it."""
        known, own = work.agencies.all(), self.settings.agency
        if own in {one.code for one in known}:
            return known
        ours = Agency(own, self.settings.agency_name, None, None, None, None)
        return tuple(sorted((ours, *known), key=lambda one: one.code))

    def add_agency(
        self, work: Work, code: str, name: str, *, parent: str | None, since: date | None = None
    ) -> Agency:
        """Make an agency known; the installation's own, which nobody has added, is found as its parent."""
        work.ask(Act.MANAGE_AGENCIES)
        own = self.settings.agency
        if parent == own and parent not in {one.code for one in work.agencies.all()}:
            work.overrides.name_agency(own, self.settings.agency_name)
        return work.agencies.add(code, name, parent=parent, since=since)

    def agency_name(self, work: Work, code: str) -> str:
        """How papers show an agency; the installation's own has its name from the settings."""
        return self.settings.agency_name if code == self.settings.agency else work.overrides.agency_name(code)


def published_folder(settings: Settings) -> Path:
    """Where what anyone may see is kept."""
    return settings.data_dir / "public"


def limits_of(settings: Settings) -> Limits:
    """What one incoming file may cost here."""
    return Limits(bytes=settings.max_bytes, pages=settings.max_pages)


def scanner_of(settings: Settings) -> Clamd | None:
    """The malware scanner of this installation; None where none is set."""
    return None if settings.clamd_socket is None else Clamd(settings.clamd_socket, settings.max_bytes)


@contextmanager
def page_pool(settings: Settings) -> Iterator[PagePool]:
    """The reader processes of this machine."""
    with PagePool(settings.workers, settings.recogniser) as pool:
        yield pool


@contextmanager
def page_pool_when_needed(settings: Settings) -> Iterator[Callable[[], PagePool]]:
    """Reader processes that start with the first page that has to be read, if one has."""
    with ExitStack() as opened:
        yield cache(lambda: opened.enter_context(page_pool(settings)))


@contextmanager
def open_room(settings: Settings, clock: Clock = utc_now) -> Iterator[Workroom]:
    """A private folder for plain bytes, gone when the process is."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if settings.production:
        require_walls()
    with workroom(settings.data_dir / "work", new_id(clock())) as room:
        yield room


@contextmanager
def open_house(
    settings: Settings, steps: Steps, clock: Clock = utc_now, *, roles: Collection[JobRole] | None = None
) -> Iterator[House]:
    """Everything put together for one process; made on first start.

    `roles` are those whose keys it holds; without them all, or none where workers in processes of their own do what
    needs keys.
    """
    if roles is None:
        roles = EVERY_KEY if settings.broker is None else ()
    with open_room(settings, clock) as room, _wakes(settings) as wake:
        keys = open_keys(settings, clock, roles)
        datastore = open_datastore(settings, clock, wake)
        try:
            yield House(
                settings=settings,
                clock=clock,
                datastore=datastore,
                keys=keys,
                catalogue=_catalogue(settings, datastore, clock().astimezone(VIETNAM).date(), steps),
                rules=packaged_rules(),
                room=room,
                steps=steps,
                wake=wake,
                scanner=scanner_of(settings),
            )
        finally:
            datastore.close()


def _catalogue(settings: Settings, datastore: Datastore, today: date, steps: Steps) -> Catalogue:
    """The packaged types with the national codes that the agency has imported.

    Entries that contradict each other (an older import, a newer program) are left out, loudly: a catalogue that
    does not open would leave no command to mend it with.
    """
    try:
        imported = datastore.overrides(OverrideKind.CATALOGUE, settings.agency, today)
        return load_catalogue(today, overrides=catalogue_overrides(imported))
    except BadCatalogueOverride as error:
        steps.say(str(say("catalogue_override_ignored", why=error.sentence.vi)))
        return load_catalogue(today)


def catalogue_overrides(imported: Iterable[Override]) -> tuple[CatalogueOverride, ...]:
    """What was imported, as the catalogue takes it."""
    return tuple(
        CatalogueOverride(str(one.value["local"]), str(one.value["national"]), one.valid_from)
        for one in imported
    )


@contextmanager
def _wakes(settings: Settings) -> Iterator[Wake]:
    if settings.broker is None:
        yield nobody_to_wake
        return
    from api.connectors.broker import Wakes  # late: it takes a third of a second to load

    with closing(Wakes(settings.broker)) as wakes:
        yield wakes


def open_datastore(settings: Settings, clock: Clock = utc_now, wake: Wake = nobody_to_wake) -> Datastore:
    """The rows and objects of this installation, migrated when they are new or of an older Khoso."""
    folder = settings.data_dir
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    datastore = Datastore.open(
        settings.database,
        objects=Metered(open_objects(settings)),
        keys=Keyring.make_or_open(folder / "keys" / "master.key"),
        clock=clock,
        wake=wake,
        trace=current_trace,
    )
    datastore.migrate()
    return datastore
