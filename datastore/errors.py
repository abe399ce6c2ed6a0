"""What can go wrong with rows and objects, each with a sentence in `messages.toml`."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from common import KhosoError, Sentence, say


class NotFound(KhosoError):
    """Not there, or not for this actor: the two are never told apart.

    Facts `what`, and `id` where it was asked for by one: a UUID or a `DossierNumber`, which the diary keeps; `other`
    for the second of two papers.
    """

    code = "not_found"

    @property
    def sentence(self) -> Sentence:
        """Of an upload also what may have become of it, the same for one that never was; of two papers which."""
        if self.facts.get("what") == "upload":
            return replace(say("upload_not_found"), code=self.code)
        if self.facts.get("other"):
            return replace(say("other_not_found"), code=self.code)
        return super().sentence


class NotAllowed(KhosoError):
    """The role may not do this, whatever the paper: said before anything was looked at; fact `act`.

    Where it is the role that is wrong, fact `roles`: the codes of those that may, as the table in docs/security.md has
    them; where it is what a system was granted, fact `scopes`: those that let it.
    """

    code = "not_allowed"

    @property
    def sentence(self) -> Sentence:
        """With whoever may, where that is known."""
        for fact, template in (("roles", "not_allowed_to_role"), ("scopes", "not_allowed_to_system")):
            if self.facts.get(fact):
                said = say(template, **{fact: self.facts[fact]})
                return Sentence(self.code, said.vi, said.en)
        return super().sentence


class PurposeMissing(KhosoError):
    """Somebody's papers are opened for a reason, which is written down; only one's own need none.

    Fact `means`: how it is said at the door at which it is missing.
    """

    code = "purpose_missing"

    def __init__(self, *, means: str = "purpose") -> None:
        super().__init__(means=means)


class WrongPassword(KhosoError):
    """No such account, another password, an account that may not sign in now: never told apart."""

    code = "wrong_password"


class PasswordWeak(KhosoError):
    """A password that is guessed too easily; fact `least`, the letters it needs."""

    code = "password_weak"


class BadUsername(KhosoError):
    """Not the form of an account's name."""

    code = "bad_username"


class RolesExclude(KhosoError):
    """A role that stands alone (admin, auditor) beside another one; fact `roles`: that one."""

    code = "roles_exclude"


class CounterNotAssigned(KhosoError):
    """Postal staff takes papers in at the counters that it was assigned; fact `counter`."""

    code = "counter_not_assigned"


class IdentityDiffers(KhosoError):
    """The number belongs to somebody of another name or birth date, or the identity to somebody else."""

    code = "identity_differs"


class WrongClient(KhosoError):
    """No such client, another secret, a client that was disabled: never told apart."""

    code = "wrong_client"


class ScopeNotGranted(KhosoError):
    """A client asks for what it was not let do; fact `scopes`."""

    code = "scope_not_granted"


class ProofMissing(KhosoError):
    """A delegation needs a proof, and a guardian's an end; fact `what`."""

    code = "proof_missing"


class DelegationThere(KhosoError):
    """The same person is written down to stand for the same one at that time already; facts `begins`, `ends`."""

    code = "delegation_there"


class ShareRefused(KhosoError):
    """A share needs a purpose, a recipient, an end and a number of openings; fact `what` is not as it should be.

    Where it is the paper that cannot be shared, fact `status`: how it stands.
    """

    code = "share_refused"

    @property
    def sentence(self) -> Sentence:
        """What is wrong with the share, or with the paper."""
        if "status" not in self.facts:
            return super().sentence
        return replace(say("share_refused_status", **self.facts), code=self.code)


class ShareEnded(KhosoError):
    """A share that cannot be opened any more; fact `why`: `over`, `used_up`, `ended`, `changed`."""

    code = "share_ended"


class AlreadyHeld(KhosoError):
    """The same original of the same owners is kept already; fact `document_id`."""

    code = "already_held"


class HeldElsewhere(KhosoError):
    """Its agency has the same originals for those who would be its owners, in a paper that the actor's may not see.

    Facts `document` and `owners`: what was asked, for the diary; nothing of what is held.
    """

    code = "held_elsewhere"

    def __init__(self, *, document: UUID, owners: Sequence[UUID]) -> None:
        self.document, self.owners = document, tuple(owners)
        super().__init__(document=document, owners=self.owners)


class OwnerThere(KhosoError):
    """The paper is this owner's already, and cannot be added or moved to it once more; fact `id`."""

    code = "owner_there"


class LastOwner(KhosoError):
    """A paper is somebody's: the last of its owners is replaced and never only taken out."""

    code = "last_owner"


class NotTheSame(KhosoError):
    """Two papers are not one that was brought twice; fact `what` they differ in: `owner` or `type`."""

    code = "not_the_same"


class WouldBeLost(KhosoError):
    """Of two papers the one that would stay is worth less; fact `what` would be lost: `ground` or `weight`."""

    code = "would_be_lost"


class StillCited(KhosoError):
    """An open dossier counts on the paper, and does not have the one that would stand for it."""

    code = "still_cited"


class AlreadyThere(KhosoError):
    """A row with this natural key exists (an identifier, a dossier number); facts `what`, `name`."""

    code = "already_there"


class StaleState(KhosoError):
    """Somebody else changed it first: the compare-and-set was lost."""

    code = "stale_state"


_INSTEAD = {
    "checked": "illegal_check",
    "put_away": "illegal_put_away",
    "itself": "illegal_itself",
    "owned_again": "illegal_owned_again",
    "successor": "illegal_successor",
    "successor_over": "illegal_successor_over",
    "stand_in": "illegal_stand_in",
    "stand_in_over": "illegal_stand_in_over",
    "held_there": "illegal_held_there",
}


class IllegalTransition(KhosoError):
    """The life of a document, a dossier or a print does not allow this step; facts `old`, `new`.

    Of one that was put away and is to have an owner again also `by`: which paper stands in its place.
    """

    code = "illegal_transition"

    @property
    def sentence(self) -> Sentence:
        """Where somebody may have meant another step, or another paper, also what to do instead."""
        template = _INSTEAD.get(str(self.facts.get("new")))
        if template == "illegal_check" and self.facts.get("old") == "received":
            template = "illegal_check_yet"
        return super().sentence if template is None else replace(say(template, **self.facts), code=self.code)


class NotDecided(KhosoError):
    """A document may not become valid without a checker and a ground."""

    code = "not_decided"


class DatabaseBusy(KhosoError):
    code = "database_busy"


class DatabaseUnreachable(KhosoError):
    code = "database_unreachable"


class StorageFull(KhosoError):
    code = "storage_full"


class TextNotKept(KhosoError):
    """A text that no database can keep: too long for its place, or with a character that is none."""

    code = "text_not_kept"


class SchemaTooNew(KhosoError):
    """A newer Khoso has migrated this database."""

    code = "schema_too_new"


class SchemaTooOld(KhosoError):
    """`khoso migrate` has not run since the update."""

    code = "schema_too_old"


class WrongKey(KhosoError):
    """The master key file is not the one that this database was made with, or is damaged."""

    code = "wrong_key"


class ObjectDamaged(KhosoError):
    """The bytes of an object are not those that were kept; fact `key`."""

    code = "object_damaged"


class ObjectMissing(KhosoError):
    """An object that a row names is not there; fact `key`."""

    code = "object_missing"


class ObjectLocked(KhosoError):
    """This version is kept until a date, and nobody may delete it before; fact `key`."""

    code = "object_locked"


class ObjectStoreUnreachable(KhosoError):
    """The object server does not answer, or not in time; fact `reason`."""

    code = "object_store_unreachable"


class ObjectStoreRefused(KhosoError):
    """The object server answers, and does not let us: a key, a right, a bucket is not as it should be; fact
    `reason`."""

    code = "object_store_refused"


class BucketUnfit(KhosoError):
    """A bucket for the archive has no object lock, which only a new bucket can be given; fact `bucket`."""

    code = "bucket_unfit"


class BadObjectKey(KhosoError):
    """An object key that could leave the store; fact `key`."""

    code = "bad_object_key"


class RequestInProgress(KhosoError):
    """The same request is being done just now."""

    code = "request_in_progress"


class KeyUsedOtherwise(KhosoError):
    """The idempotency key belongs to another request of the same asker."""

    code = "key_used_otherwise"


class ChangedMeanwhile(StaleState):
    """It is not any more as whoever wants to change it has seen it."""

    code = "changed_meanwhile"


class SaidOtherwise(KhosoError):
    """Something else was said of a document before; facts `name`, its code, and `names` of what differs."""

    code = "said_otherwise"


class TooManySubscriptions(KhosoError):
    """The agency has as many as it may; fact `most`."""

    code = "too_many_subscriptions"


class TooManyUploads(KhosoError):
    """A citizen has sent as much today as one may; facts `most`, `megabytes`, and `seconds` until some of it counts no
    more."""

    code = "too_many_uploads"

    def __init__(self, *, most: int, megabytes: int, seconds: int) -> None:
        super().__init__(most=most, megabytes=megabytes, seconds=seconds)
        self.seconds: int = seconds


class BadEventType(KhosoError):
    """A subscription asks for events that there are none of; fact `known`."""

    code = "bad_event_type"


OUTAGES = (DatabaseBusy, DatabaseUnreachable, ObjectStoreRefused, ObjectStoreUnreachable, StorageFull)
"""What is nobody's fault who asks, and over one day: work waits for its end instead of being set aside."""
NOT_LOCKED = (ObjectLocked, ObjectMissing, ObjectStoreRefused)
"""What the server says of one object that it does not lock (locked otherwise, gone, refused), while it may others."""
