# SPDX-License-Identifier: Apache-2.0
"""Exceptions of the database, made from the error numbers of liblsmlite.

An exception has python-lsm-db's text as its only argument, and is an instance of the built-in class that python-lsm-db
raises, so programs that look at either go on working. What happened in particular is in ``detail``, and from Python
3.11 on in the traceback.
"""

from __future__ import annotations

__all__ = [
    "Error", "BusyError", "CantOpenError", "ConstraintError", "CorruptError", "FullError", "IOFailure", "KeyRefused",
    "MismatchError", "MisuseError", "OutOfMemory", "ProtocolError", "ReadOnlyError", "StatementError", "TooBigError",
]


class Error(Exception):
    """An error of the database. ``code`` is lsm1's number, refined in the bits above the lowest 8."""

    code: int = 1
    detail: str = ""


class BusyError(Error):
    """Another handle or process writes, or has written since this one began to read."""


class OutOfMemory(Error, MemoryError):
    pass


class IOFailure(Error, OSError):
    """A file could not be read or written."""


class ReadOnlyError(IOFailure):
    pass


class CorruptError(IOFailure):
    """The file is damaged, or is no database."""


class FullError(IOFailure):
    pass


class CantOpenError(IOFailure):
    pass


class ProtocolError(Error):
    """The file cannot be locked."""


class MisuseError(Error):
    """A call that makes no sense in the state of the handle or the cursor."""


class MismatchError(Error):
    """The file is compressed or encrypted in a way that was not set."""


class KeyRefused(MismatchError):
    """The key is wrong or missing."""


class TooBigError(Error):
    """A key, a value or a statement is longer than its limit."""


class ConstraintError(Error):
    """A statement would break a rule of its table."""


class StatementError(Error):
    """A statement that is not of the dialect."""


_CLASSES: dict[int, tuple[type[Error], str]] = {
    1: (Error, "Error"),
    1 | 1 << 8: (StatementError, "Syntax error"),
    5: (BusyError, "Busy"),
    7: (OutOfMemory, "Out of memory"),
    8: (ReadOnlyError, "Database is read-only"),
    10: (IOFailure, "Unspecified IO error"),
    11: (CorruptError, "Database is corrupt"),
    13: (FullError, "Storage device is full"),
    14: (CantOpenError, "Cannot open database"),
    15: (ProtocolError, "Protocol error"),
    18: (TooBigError, "Too big"),
    19: (ConstraintError, "Constraint failed"),
    21: (MisuseError, "Misuse"),
    50: (MismatchError, "Mismatch"),
    50 | 1 << 8: (KeyRefused, "Mismatch"),
}


def make(code: int, detail: str) -> Error:
    """Returns the exception of an error number."""
    cls, text = _CLASSES.get(code) or _CLASSES.get(code & 255) or (Error, "Unknown error")
    return _with(cls(text), code, detail)


def _with(e: Error, code: int, detail: str) -> Error:
    e.code, e.detail = code, detail
    if detail and hasattr(e, "add_note"):
        e.add_note(detail)
    return e


def still_in_use(cause: Error) -> Error:
    """Returns what python-lsm-db raises if a database cannot be closed."""
    text = "Unable to close database, one or more cursors may still be in use."
    return _with(IOFailure(text), cause.code, cause.detail)
