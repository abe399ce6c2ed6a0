"""Which keys that sign a process holds: in service each role its own and no other; by itself a process holds all.

The signer holds the keys of clerks and agencies and the seals, the archivist the key of log, status lists and store
manifests; web, readers and beat hold neither. What a process must not hold it does not open, and what it needs and
does not hold is an error at the start of a step (`KeysNotHere`), never in its middle.
"""

from collections.abc import Collection
from dataclasses import dataclass

from api.settings import Settings
from common import Clock, KhosoError
from datastore import JobRole
from signing import DevelopmentSigners, LogKey, open_log_key, other_keys, warn_of_development_keys

EVERY_KEY = frozenset({JobRole.SIGNER, JobRole.ARCHIVIST})


class KeysNotHere(KhosoError):
    """A step needs keys that another process of the service holds."""

    code = "keys_not_here"


class TooManyKeys(KhosoError):
    """Files of keys lie where a process would find them that must not hold them."""

    code = "too_many_keys"


@dataclass(frozen=True, slots=True)
class Keys:
    """What this process signs with; None for what another one holds."""

    signers_here: DevelopmentSigners | None
    log_here: LogKey | None

    def warn(self) -> None:
        """Says to the log that these are development keys, for a process that is going to sign: once, at its start."""
        if self.signers_here is not None:
            self.signers_here.warn()
        elif self.log_here is not None:
            warn_of_development_keys()

    @property
    def signers(self) -> DevelopmentSigners:
        """The keys of people, agencies and seals; KeysNotHere."""
        if self.signers_here is None:
            raise KeysNotHere(role=JobRole.SIGNER.value)
        return self.signers_here

    @property
    def log(self) -> LogKey:
        """The archivist's key; KeysNotHere."""
        if self.log_here is None:
            raise KeysNotHere(role=JobRole.ARCHIVIST.value)
        return self.log_here


def open_keys(settings: Settings, clock: Clock, roles: Collection[JobRole]) -> Keys:
    """The keys of these roles, made on first start; TooManyKeys in production when there are others beside them.

    In development all processes share one folder with all keys, which is as it is meant; `khoso doctor` tells it.
    """
    folder = settings.data_dir / "pki"
    signs, keeps_log = JobRole.SIGNER in roles, JobRole.ARCHIVIST in roles
    others = other_keys(folder, signers=signs, log=keeps_log)
    if others and settings.production:
        raise TooManyKeys(files=", ".join(others))
    return Keys(
        signers_here=DevelopmentSigners.make_or_open(
            folder, clock, agency=settings.agency_name, production=settings.production
        )
        if signs
        else None,
        log_here=open_log_key(folder, clock, code=settings.agency, production=settings.production)
        if keeps_log
        else None,
    )
