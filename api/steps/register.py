"""What the rows say about a short code or a file, for whoever checks and is online."""

from collections.abc import Collection, Mapping

from api.house import House
from api.steps.checking import Known, Register
from api.steps.published import standing_of
from common import Digest
from signing import Standing


def register(house: House) -> Register:
    """The register of this installation: a standing and nothing else about the paper or its owner."""

    def by_short_codes(codes: Collection[str]) -> Mapping[str, Known]:
        found, now = house.datastore.standings_of_prints(codes), house.clock()
        return {
            code: Known(Standing.REVOKED if status.print_revoked else standing_of(status.status), now)
            for code, status in found.items()
        }

    def by_digest(sha256: Digest) -> Known | None:
        status = house.datastore.standing_of_bytes(sha256)
        return None if status is None else Known(standing_of(status), house.clock())

    return Register(by_short_codes, by_digest)
