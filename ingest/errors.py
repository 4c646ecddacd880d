"""The errors that are shown to users, all of them. Anything else that is raised is a bug and shows as one.

    TutorError                 base: a message for the user, and the mend
    ├── UsageError             a wrong argument or setting                                  (exit code 2)
    ├── DocumentError          a document that cannot be read or parsed as asked            (exit code 2)
    ├── IndexMissing           the corpus has not been ingested yet                         (exit code 2)
    ├── IndexMismatch          the index was built by other code, settings or document      (exit code 2)
    ├── IndexBusy              another process is building this index                       (exit code 2)
    ├── BuildEnded             the process that built this index was ended from outside     (exit code 2)
    ├── IndexUnavailable       the Chroma server that holds its vectors does not answer     (exit code 2)
    ├── DiskFull               there is no room for what should be written                   (exit code 2)
    ├── ModelMissing           the chosen model is not on disk and could not be fetched     (exit code 2)
    ├── DownloadFailed         a file could not be fetched, or its hash is wrong            (exit code 2)
    ├── ModelUnavailable       the model server is loading, down, or answered nonsense      (exit code 2)
    ├── NotFound               what was asked for is not there, or is not this user's       (exit code 2)
    ├── SignInNeeded           nobody is signed in, or the name, password or key is wrong   (HTTP 401)
    ├── Forbidden              the user or the key may not do this                          (HTTP 403)
    ├── TooMany                more requests than a user may send                           (HTTP 429)
    ├── StoreMismatch          the database was written by a newer tutor, or is no store    (exit code 2)
    └── StoreUnavailable       the database is locked, full, damaged or does not answer     (exit code 2)

It lives in the lowest room, so that every room can raise from it.
"""

from __future__ import annotations


class TutorError(Exception):
    """An error whose message is written for the user.

    Args:
        message: what happened, one sentence.
        mend: what the user can do about it, if anything; a command where there is one.
    """

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message}\n  {self.mend}" if self.mend else self.message


class UsageError(TutorError):
    """A wrong argument or setting."""


class DocumentError(TutorError):
    """A document that cannot be read, decoded or parsed as questions and answers."""


class IndexMissing(TutorError):
    """The corpus has not been ingested yet."""


class IndexMismatch(TutorError):
    """The index was built by other code, other settings or from another document."""


class IndexBusy(TutorError):
    """Another process holds the lock of this index."""


class BuildEnded(TutorError):
    """The process that built the index was ended from outside: by the system when memory ran out, or by somebody."""


class IndexUnavailable(TutorError):
    """The Chroma server that holds the vectors of the index does not answer."""


class DiskFull(TutorError):
    """There is no room left for what should be written."""


class ModelMissing(TutorError):
    """The chosen model is not on disk and could not be fetched."""


class DownloadFailed(TutorError):
    """A file could not be fetched, or what arrived has the wrong hash."""


class ModelUnavailable(TutorError):
    """The model server is still loading, has died, or answered something unusable."""


class NotFound(TutorError):
    """A conversation, interview or the like that does not exist, or belongs to another user: the two look the same."""


class SignInNeeded(TutorError):
    """Nobody is signed in, the session has ended, or the name, password or key is wrong."""


class Forbidden(TutorError):
    """The user's role or the key's scopes do not allow this."""


class TooMany(TutorError):
    """More requests than one user may send in a while."""


class StoreMismatch(TutorError):
    """The database was written by a newer version of the tutor, or holds something else."""


class StoreUnavailable(TutorError):
    """The database is locked, full, damaged, or its server does not answer."""
