# SPDX-License-Identifier: Apache-2.0
"""SQL, by Python's database interface 2.0 (PEP 249): one table, ``kv (key, value)``.

    from lsmlite import dbapi2

    with dbapi2.connect("my.lsm") as connection:
        cursor = connection.cursor()
        cursor.execute("INSERT INTO kv VALUES (?, ?)", ("user/1", "Ada"))
        cursor.execute("SELECT key, value FROM kv WHERE key GLOB 'user/*'")
        for key, value in cursor:
            print(key, value)

What may be written in a statement is in docs/dialect.md of lsmlite. Keys and values come back as bytes.

Unless ``autocommit`` is set, a transaction begins before the first statement that writes, and ends by ``commit()`` or
``rollback()``; reads outside a transaction see the newest committed state. A connection is used by one thread at a
time; threads may share the module.
"""

from __future__ import annotations

import datetime
import os
import re
import time
from types import TracebackType
from typing import Any, Iterable, Iterator, Sequence

from . import _binding, errors
from ._uncopied import Uncopied
from .options import OPTIONS

__all__ = [
    "apilevel", "threadsafety", "paramstyle", "connect", "Connection", "Cursor", "Warning", "Error", "InterfaceError",
    "DatabaseError", "DataError", "OperationalError", "IntegrityError", "InternalError", "ProgrammingError",
    "NotSupportedError", "Date", "Time", "Timestamp", "DateFromTicks", "TimeFromTicks", "TimestampFromTicks", "Binary",
    "STRING", "BINARY", "NUMBER", "DATETIME", "ROWID",
]

apilevel = "2.0"
threadsafety = 1
paramstyle = "qmark"


class Warning(Exception):  # noqa: A001
    """Never raised; PEP 249 wants it."""


class Error(Exception):
    """The base of the errors. ``code`` is the number of the database's error, 0 if it is not the database's."""

    code: int = 0
    detail: str = ""


class InterfaceError(Error):
    """The module was used in a way that it does not allow."""


class DatabaseError(Error):
    """An error of the database."""


class DataError(DatabaseError):
    """A value that the database cannot take."""


class OperationalError(DatabaseError):
    """Something outside of the program: another writer, the disk, memory."""


class IntegrityError(DatabaseError):
    """A rule of the table would be broken."""


class InternalError(DatabaseError):
    """The file is damaged."""


class ProgrammingError(DatabaseError):
    """A mistake in the program: a statement, its parameters, or a connection that is closed."""


class NotSupportedError(DatabaseError):
    """Never raised; PEP 249 wants it."""


_CLASSES: dict[int, type[DatabaseError]] = {
    1: ProgrammingError, 5: OperationalError, 7: OperationalError, 8: OperationalError, 10: OperationalError,
    11: InternalError, 13: OperationalError, 14: OperationalError, 15: OperationalError, 18: DataError,
    19: IntegrityError, 21: ProgrammingError, 50: OperationalError,
}

# Types to compare those of a description with. The dialect has no types of columns, so there they are None.


class _Type:
    def __init__(self, name: str, *types: type) -> None:
        self.name, self.types = name, types

    def __repr__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return self is other or other in self.types

    def __hash__(self) -> int:
        return hash(self.name)


STRING = _Type("STRING", str)
BINARY = _Type("BINARY", bytes, bytearray, memoryview)
NUMBER = _Type("NUMBER", int, float)
DATETIME = _Type("DATETIME", datetime.date, datetime.time, datetime.datetime)
ROWID = _Type("ROWID")

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = bytes


def DateFromTicks(ticks: float) -> datetime.date:  # noqa: N802
    """Returns the local date of a number of seconds since 1970."""
    return Date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> datetime.time:  # noqa: N802
    """Returns the local time of day of a number of seconds since 1970."""
    return Time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime.datetime:  # noqa: N802
    """Returns the local date and time of a number of seconds since 1970."""
    return Timestamp(*time.localtime(ticks)[:6])


# How many rows are read from the database at once.
_BLOCK = 64

# The first word of a statement.
_WORD = re.compile(r"\s*([A-Za-z]*)")
# Texts, names and comments: what is in them is no part of the grammar.
_QUOTED = r"(?:'[^']*')+|(?:\"[^\"]*\")+|(?:`[^`]*`)+|\[[^]]*\]"
_OPAQUE = re.compile(_QUOTED + r"|--[^\n]*|/\*.*?(?:\*/|$)", re.S)

# Milliseconds: what the library takes for the longest wait, 12 days.
_LONGEST_WAIT = 2**30
_BEGINS = {"INSERT", "REPLACE", "UPDATE", "DELETE", "SAVEPOINT"}


def connect(
    database: str | bytes | os.PathLike[str] | os.PathLike[bytes],
    *,
    timeout: float = 5.0,
    autocommit: bool = False,
    key: bytes | None = None,
    passphrase: str | bytes | None = None,
    **options: int,
) -> Connection:
    """Opens a database, which is created if it is missing.

    ``timeout`` is how many seconds a statement waits for another writer. Options are those of ``lsmlite.LSM``.
    """
    return Connection(
        database, timeout=timeout, autocommit=autocommit, key=key, passphrase=passphrase, **options
    )


class Connection(Uncopied):
    """A connection: one transaction at a time, and the cursors that run statements in it.

    As a context manager it commits at the end of the block, or rolls back after an exception, and stays open.
    """

    # PEP 249: the exceptions as attributes.
    Warning, Error, InterfaceError, DatabaseError = Warning, Error, InterfaceError, DatabaseError
    DataError, OperationalError, IntegrityError = DataError, OperationalError, IntegrityError
    InternalError, ProgrammingError, NotSupportedError = InternalError, ProgrammingError, NotSupportedError

    def __init__(
        self,
        database: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        *,
        timeout: float = 5.0,
        autocommit: bool = False,
        key: bytes | None = None,
        passphrase: str | bytes | None = None,
        **options: int,
    ) -> None:
        unknown = set(options) - set(OPTIONS)
        if unknown:
            raise InterfaceError(f"unknown options: {', '.join(sorted(unknown))}")
        if key is not None and passphrase is not None:
            raise InterfaceError("key and passphrase exclude each other")
        settings = [(OPTIONS[name].verb, int(value)) for name, value in options.items()]
        settings.append((OPTIONS["busy_timeout"].verb, _milliseconds(timeout)))
        _binding.load()
        self.autocommit = autocommit
        self._statements: set[_binding.Statement] = set()
        self._handle: _binding.Handle | None = _binding.Handle()
        secret, kind = (key, 1) if key is not None else (passphrase, 2 if passphrase is not None else 0)
        with _translated():
            self._handle.open_file(os.fsencode(database), settings, secret, kind)

    def _open(self) -> _binding.Handle:
        if self._handle is None:
            raise ProgrammingError("the connection is closed")
        return self._handle

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, as the database knows it, whatever has begun it or ended it."""
        if self._handle is None:
            return False
        with _translated():
            return self._handle.statements_in_transaction()

    def cursor(self) -> Cursor:
        """Returns a cursor, which runs statements."""
        self._open()
        return Cursor(self)

    def execute(self, operation: str, parameters: Sequence[Any] = ()) -> Cursor:
        """Runs a statement with a cursor of its own, and returns that."""
        return self.cursor().execute(operation, parameters)

    def executemany(self, operation: str, parameters: Iterable[Sequence[Any]]) -> Cursor:
        """Runs a statement once for each sequence of parameters, with a cursor of its own, and returns that."""
        return self.cursor().executemany(operation, parameters)

    def commit(self) -> None:
        """Commits the transaction, if one is open."""
        self._open()
        if self.in_transaction:
            self._run("COMMIT")

    def rollback(self) -> None:
        """Undoes the transaction, if one is open. Results that were not read to their end are gone."""
        self._open()
        for statement in list(self._statements):
            self._close(statement)
        if self.in_transaction:
            self._run("ROLLBACK")

    def close(self) -> None:
        """Closes the connection, and its cursors. What was not committed is undone."""
        if self._handle is None:
            return
        for statement in list(self._statements):
            self._close(statement)
        try:
            if self.in_transaction:
                self._run("ROLLBACK")
        except Error:  # after a fork, for example; closing undoes it, too
            pass
        handle, self._handle = self._handle, None
        with _translated():
            handle.close_file()

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle is not None:
            try:
                self.close()
            except Exception:  # the interpreter may be half gone
                pass

    def __enter__(self) -> Connection:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def _prepare(self, operation: str) -> _binding.Statement:
        if not isinstance(operation, str):
            raise ProgrammingError(f"a statement is text, not {type(operation).__name__}")
        with _translated():
            statement = _binding.Statement(self._open(), operation.encode(errors="surrogateescape"))
        self._statements.add(statement)
        return statement

    def _close(self, statement: _binding.Statement) -> None:
        statement.close()
        self._statements.discard(statement)  # after that: what an interrupt has left open is closed with the others

    def _run(self, operation: str) -> None:
        statement = self._prepare(operation)
        try:
            with _translated():
                statement.fetch(1)
        finally:
            self._close(statement)

    def _begin_for(self, word: str) -> None:
        """Begins a transaction before a statement that writes, unless one is open or none is wanted."""
        if not self.autocommit and word in _BEGINS and not self.in_transaction:
            self._run("BEGIN")


class Cursor(Uncopied):
    """Runs statements, and returns their rows. A cursor has one result at a time."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        #: The columns of the result, each as a tuple of which only the name is known; None without a result.
        self.description: tuple[tuple[str, None, None, None, None, None, None], ...] | None = None
        #: How many rows the statement changed; -1 after a statement that returns rows.
        self.rowcount = -1
        #: How many rows fetchmany() returns.
        self.arraysize = 1
        self.lastrowid = None
        self._statement: _binding.Statement | None = None
        self._rows: list[tuple[Any, ...]] = []
        self._at = 0
        self._more = False
        self._closed = False

    def _open(self) -> None:
        if self._closed:
            raise ProgrammingError("the cursor is closed")
        self.connection._open()

    def _finish(self) -> None:
        """Ends the result, if there is one."""
        statement, self._statement = self._statement, None
        if statement is not None:
            self.connection._close(statement)
        self._rows, self._at, self._more = [], 0, False

    def _reset(self) -> None:
        self._open()
        self._finish()
        self.description, self.rowcount = None, -1

    def execute(self, operation: str, parameters: Sequence[Any] = ()) -> Cursor:
        """Runs one statement, with a parameter for each ``?``, and returns the cursor."""
        self._reset()
        return self._execute(operation, [parameters])

    def executemany(self, operation: str, seq_of_parameters: Iterable[Sequence[Any]]) -> Cursor:
        """Runs a statement that writes once for each sequence of parameters, and returns the cursor."""
        self._reset()
        if _word(operation) == "SELECT":
            raise ProgrammingError("executemany() is for statements that write")
        self.rowcount = 0
        return self._execute(operation, seq_of_parameters)

    def _execute(self, operation: str, runs: Iterable[Sequence[Any]]) -> Cursor:
        word = _word(operation)
        statement = self.connection._prepare(operation)
        self._statement = statement
        try:
            self.connection._begin_for(word)
            changed = 0
            for parameters in runs:
                with _translated():
                    statement.bind([_plain(p) for p in _sequence(parameters)])
                    rows, self._more = statement.fetch(_BLOCK)
                    names = statement.columns()
                    changed += 0 if self._more else statement.changes()
                if names:
                    self.description = tuple((name, None, None, None, None, None, None) for name in names)
                    self._rows, self._at = rows, 0
        except BaseException:
            self._finish()
            raise
        if self.description is None:
            self.rowcount = changed
            self._finish()
        return self

    def _next(self) -> tuple[Any, ...] | None:
        if self._at == len(self._rows):
            if not self._more or self._statement is None:
                return None
            with _translated():
                self._rows, self._more = self._statement.fetch(_BLOCK)
            self._at = 0
            if not self._rows:
                return None
        self._at += 1
        return self._rows[self._at - 1]

    def _result(self) -> None:
        self._open()
        if self.description is None:
            raise ProgrammingError("there is no result: the last statement returned no rows")

    def fetchone(self) -> tuple[Any, ...] | None:
        """Returns the next row, or None after the last one."""
        self._result()
        return self._next()

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """Returns the next rows, ``arraysize`` of them unless a number is given; fewer at the end."""
        self._result()
        rows = []
        for _ in range(self.arraysize if size is None else size):
            row = self._next()
            if row is None:
                break
            rows.append(row)
        return rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Returns all rows that are left."""
        self._result()
        rows = []
        while (row := self._next()) is not None:
            rows.append(row)
        return rows

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self

    def __next__(self) -> tuple[Any, ...]:
        self._result()
        row = self._next()
        if row is None:
            raise StopIteration
        return row

    def setinputsizes(self, sizes: Sequence[Any]) -> None:
        """Does nothing, as PEP 249 allows."""
        self._open()

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Does nothing, as PEP 249 allows."""
        self._open()

    def close(self) -> None:
        """Ends the result. The cursor cannot be used again."""
        if not self._closed:
            self._closed = True
            if self.connection._handle is not None:
                self._finish()

    def __enter__(self) -> Cursor:
        self._open()
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def _milliseconds(seconds: float) -> int:
    if seconds != seconds:
        raise ValueError("the timeout is not a number")
    return int(max(0, min(seconds * 1000, _LONGEST_WAIT)))


def _word(operation: Any) -> str:
    """Returns the first word of a statement, and refuses a text of several: it would have several results."""
    if not isinstance(operation, str):
        return ""
    parts = _grammar(operation).split(";")
    statements = [part for part in parts if part.strip()]
    if len(statements) > 1:
        raise ProgrammingError("one statement at a time, please: the text has several")
    return _WORD.match(statements[0]).group(1).upper() if statements else ""  # type: ignore[union-attr]


def _grammar(operation: str) -> str:
    """Returns a text without its comments, and with an x by itself for each text and name in quotes."""
    bare = _OPAQUE.sub(lambda m: " " if m[0][0] in "-/" else " x ", operation)
    return bare.replace("\ufeff", " ")  # a byte order mark is a blank, wherever it is


def _sequence(parameters: Any) -> Sequence[Any]:
    if isinstance(parameters, (str, bytes)) or not isinstance(parameters, (Sequence, tuple, list)):
        raise ProgrammingError("parameters are a sequence, such as a tuple")
    return parameters


def _plain(value: Any) -> int | float | str | bytes:
    """Returns a parameter as one of the types that the database has."""
    if value is None:
        e = ProgrammingError("None cannot be a parameter: the database has no NULL; the empty value is b''")
        e.code, e.detail = 21, str(e)
        raise e
    if isinstance(value, (float, str, bytes)):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise DataError(f"the integer {value} does not fit into 64 bits")
        return int(value)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat(" ") if isinstance(value, datetime.datetime) else value.isoformat()
    raise InterfaceError(f"a value of type {type(value).__name__} cannot be a parameter")


class _translated:  # noqa: N801
    """A block in which errors of the database become those of this module."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, errors.Error):
            cls = _CLASSES.get(error.code & 255, DatabaseError)
            made = cls(error.detail or str(error))
            made.code, made.detail = error.code, error.detail
            raise made from error
        if isinstance(error, (UnicodeEncodeError, OverflowError)):
            raise DataError(str(error)) from error
