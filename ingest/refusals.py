"""Why a file is not taken in. Each refusal has a sentence that tells a clerk what to do.

`name` is always the cleaned display name; the facts never hold a path of the machine or a personal number
that did not stand in that name.
"""

import errno
from dataclasses import replace

from common import KhosoError, Sentence, say

UNNAMED = "upload"
"""The name of a file that came without one."""


class Refusal(KhosoError):
    """The file cannot become a document; nothing of it is kept."""

    code = "refused"

    @property
    def sentence(self) -> Sentence:
        """What is wrong with the file; one that came without a name is just the file that was sent."""
        return self._said(self.code)

    def _said(self, template: str) -> Sentence:
        if self.facts.get("name") != UNNAMED:
            return replace(say(template, **self.facts), code=self.code)
        sent = say("file_unnamed")
        vi, en = (say(template, **self.facts | {"name": name}) for name in (sent.vi, sent.en))
        return Sentence(self.code, vi.vi, en.en)


class FileMissing(Refusal):
    """There is no such file, or it is not a plain file that may be read."""

    code = "file_missing"


class FolderGiven(FileMissing):
    """What was named is a folder: each of its files is a paper of its own."""

    @property
    def sentence(self) -> Sentence:
        """What to name instead."""
        return self._said("file_is_folder")


class EmptyFile(Refusal):
    """The file has no bytes."""

    code = "file_empty"


class UnknownKind(Refusal):
    """The content is none of PDF, JPEG, PNG, TIFF, whatever the name says."""

    code = "file_kind_unknown"


class NotPdf(UnknownKind):
    """The content is no PDF, and only a PDF can be signed or judged by its signatures."""

    @property
    def sentence(self) -> Sentence:
        """What can be done with a file that is a picture."""
        return self._said("file_not_pdf")


class DamagedFile(Refusal):
    """The content breaks off or breaks the rules of its format, its parser died on it, or a page is a mere strip."""

    code = "file_damaged"


class PasswordProtected(Refusal):
    """The PDF is encrypted so that it does not open without a password."""

    code = "file_password"


class DynamicForm(Refusal):
    """The PDF is a dynamic XFA form: its pages exist only in one vendor's program."""

    code = "file_dynamic_form"


class NoPages(Refusal):
    """The file has no page."""

    code = "file_no_pages"


class TooLarge(Refusal):
    """The file has more bytes than `Limits.bytes`."""

    code = "file_too_large"


class TooManyPages(Refusal):
    """The file has more pages than `Limits.pages`."""

    code = "file_too_many_pages"


class TooManyPixels(Refusal):
    """One page or image would unpack to more than `Limits.pixels_per_page`."""

    code = "file_too_many_pixels"


class TookTooLong(Refusal):
    """Opening or drawing the file did not end within its time."""

    code = "file_took_too_long"


class TooMuchMemory(Refusal):
    """Opening or drawing the file needs more memory than one file may have."""

    code = "file_too_much_memory"


class TooMuchOutput(Refusal):
    """What came out of the file is larger than one file may give."""

    code = "file_too_much_output"


class MalwareFound(Refusal):
    """The malware scanner knows the file by `signature`; `sha256` is for the report, not for the sender."""

    code = "malware_found"


class NoRoomForDocument(KhosoError):
    """The folder for the searchable PDF is full. Nothing is wrong with the file; nothing of it is left."""

    code = "no_room_for_document"

    @classmethod
    def if_full(cls, error: OSError) -> "NoRoomForDocument | None":
        """The error that `error` means when a disk, a quota or a file limit is used up; None else."""
        return cls() if error.errno in (errno.ENOSPC, errno.EDQUOT) else None
