"""What the rows say about a short code or a file, for whoever checks and is online."""

from api.house import House
from api.steps.checking import Known, Register
from api.steps.published import standing_of
from common import Digest
from datastore import NotFound
from signing import Standing


def register(house: House) -> Register:
    """The register of this installation: a standing and nothing else about the paper or its owner."""
    actor = house.system("verify")

    def by_short_code(code: str) -> Known | None:
        with house.datastore.begin(actor, "verify_short_code") as work:
            try:
                status = work.prints.status_of(code)
            except NotFound:
                return None
            standing = Standing.REVOKED if status.print_revoked else standing_of(status.status)
            return Known(standing, work.at)

    def by_digest(sha256: Digest) -> Known | None:
        with house.datastore.begin(actor, "verify_file") as work:
            status = work.documents.standing_of_bytes(sha256)
            return None if status is None else Known(standing_of(status), work.at)

    return Register(by_short_code, by_digest)
