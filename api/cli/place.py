"""Where a command runs: the settings, the private folder, the house with its rows and keys."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version

from pydantic import ValidationError

from api.admin import admin_server
from api.house import House, limits_of, open_house, published_folder
from api.installation_metrics import Installation
from api.logs import write_logs
from api.metrics import BUILD, REGISTRY
from api.progress import Steps, steps_in_service, steps_on_stderr
from api.public import published
from api.settings import Settings
from api.steps.checking import Checker
from api.steps.health import readiness
from api.steps.published import published_for
from api.steps.register import register
from common import KhosoError, utc_now
from datastore import Actor, JobRole
from ingest import AgencyCode, DossierNumber


class BadSetting(KhosoError):
    """An environment variable does not hold what it should."""

    code = "bad_setting"


def settings() -> Settings:
    """The settings of this process; BadSetting names the variable or the file that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = ", ".join(f"KHOSO_{str(part['loc'][0]).upper()}" for part in error.errors())
        raise BadSetting(names=wrong) from error
    except OSError as error:  # a file that a `KHOSO_…_FILE` names
        raise BadSetting(names=error.filename) from error


@contextmanager
def house(steps: Steps) -> Iterator[House]:
    """The house of this installation, opened for one command."""
    with open_house(settings(), steps) as opened:
        yield opened


@contextmanager
def in_service(process: str, *, roles: Collection[JobRole] | None = None) -> Iterator[House]:
    """The house opened for a process that serves: it writes its log, and answers whoever watches it.

    `roles` are those whose keys it holds (`open_house`).
    """
    here = settings()
    write_logs(process, strict=here.log_strict)
    BUILD.info({"version": version("khoso"), "process": process})
    with ExitStack() as opened:
        one = opened.enter_context(open_house(here, steps_in_service(), roles=roles))
        one.keys.warn()
        if here.admin_address is not None:
            of_all = Installation(one)
            REGISTRY.register(of_all)
            opened.callback(REGISTRY.unregister, of_all)
            opened.enter_context(admin_server(here.admin_address, REGISTRY, readiness(one)))
        yield one


@contextmanager
def at_desk(
    person: str, agency: str | None, purpose: str, dossier: str | None = None
) -> Iterator[tuple[House, Actor]]:
    """The house opened for one command of one actor; BadIdentifier or BadDossierNumber for wrong options."""
    with steps_on_stderr() as steps, house(steps) as opened:
        code = str(AgencyCode.parse(agency)) if agency else opened.settings.agency
        number = str(DossierNumber.parse(dossier)) if dossier else None
        yield opened, Actor(person=person, role="system", agency=code, purpose=purpose, dossier=number)


@contextmanager
def checker(*, offline: bool) -> Iterator[Checker]:
    """What checks are made with: the published files alone, or freshly published ones and the register."""
    here = settings()
    folder = published_folder(here)
    if offline:
        yield Checker(published(folder), utc_now, limits_of(here), here.verify_hosts)
        return
    with steps_on_stderr() as steps, house(steps) as opened:
        yield Checker(published_for(opened), opened.clock, opened.limits, here.verify_hosts, register(opened))
