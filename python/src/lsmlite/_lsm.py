# SPDX-License-Identifier: Apache-2.0
"""LSM: a database."""

from __future__ import annotations

import os
import struct
from types import TracebackType
from typing import Any, Iterable, Iterator, Mapping

from . import _binding, errors
from ._cursor import KEYS, PAIRS, VALUES, Cursor, as_bytes
from ._transaction import Transaction
from .options import OPTIONS

_RAW, _PASSPHRASE = 1, 2


class LSM(_binding.Handle):
    """A database: an ordered map from bytes to bytes in a file.

    ``filename`` is the path of the file, which is created if it is missing. It is opened at once unless
    ``open_database`` is false. Options are the attributes of the same names. ``key`` (32 bytes) or ``passphrase``
    opens, or creates, an encrypted file.

    Keys and values are bytes; text stands for its UTF-8, and other objects for the text that ``str()`` makes of them.
    A handle may be used by several threads: their calls wait for each other, and transactions are the handle's, not
    the thread's. So give each thread that has transactions of its own a handle of its own.
    """

    # The options; what each means is in options.py, and in the documentation of the attribute.
    page_size: int
    block_size: int
    multiple_processes: int
    readonly: int
    write_safety: int
    autoflush: int
    autowork: int
    automerge: int
    autocheckpoint: int
    mmap: int
    transaction_log: int
    busy_timeout: int
    cache_size: int

    def __init__(
        self,
        filename: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        open_database: bool = True,
        *,
        key: bytes | None = None,
        passphrase: str | bytes | None = None,
        **options: int,
    ) -> None:
        unknown = set(options) - set(OPTIONS)
        if unknown:
            raise ValueError(
                "The following options were not recognized: %s. Valid options are:\n%s"
                % (", ".join(sorted(unknown)), "\n".join(sorted(OPTIONS)))
            )
        if key is not None and passphrase is not None:
            raise ValueError("key and passphrase exclude each other")
        self.filename = filename
        self.open_database = open_database
        self._options = {name: _number(name, value) for name, value in options.items()}
        self._secret: tuple[str | bytes | None, int] = (
            (key, _RAW) if key is not None else (passphrase, _PASSPHRASE if passphrase is not None else 0)
        )
        self._was_opened = False
        if open_database:
            self.open()

    def __repr__(self) -> str:
        return f"<lsmlite.LSM {self.filename!r}{'' if self.is_open else ', closed'}>"

    def open(self) -> bool:
        """Opens the database. Returns whether it was closed."""
        if self.is_open:
            return False
        _binding.load()
        settings = [(OPTIONS[name].verb, value) for name, value in self._options.items()]
        self.open_file(os.fsencode(self.filename), settings, *self._secret)
        self._was_opened = True
        return True

    def close(self) -> bool:
        """Closes the database. Returns whether it was open. An open cursor or transaction is an error.

        After any other error, as of a disk that is full, the database is closed, too; what was committed is there when
        it is opened again.
        """
        try:
            return self.close_file()
        except errors.MisuseError as e:
            raise errors.still_in_use(e) from None

    def __enter__(self) -> LSM:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def pages_written(self) -> int:
        """Pages that were written to the file since it was opened."""
        return int(self.info(1, 0))

    def pages_read(self) -> int:
        """Pages that were read from the file since it was opened."""
        return int(self.info(2, 0))

    def checkpoint_size(self) -> int:
        """KB that were written to the file since the last checkpoint."""
        return int(self.info(10, 0))

    def tree_size(self) -> tuple[int, int]:
        """KB of the old tree in memory, which is about to be written to the file, and of the live one."""
        old, live = self.info(11, 1)
        return old, live

    def update(self, values: Mapping[Any, Any] | Iterable[tuple[Any, Any]]) -> None:
        """Puts the rows of a dict, or of pairs: all of them or, after an error, none."""
        self.put_rows(values.items() if isinstance(values, Mapping) else values)

    def incr(self, key: Any, by: int = 1) -> int:
        """Adds to a number, which begins at 0, and returns the sum. It is kept as 8 bytes, the highest first."""
        total = self.add_number(key, by)
        if total is None:
            raise struct.error("the value is no number of incr(): unpack requires a buffer of 8 bytes")
        return total

    def fetch_range(self, start: Any, end: Any, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Returns the rows between two keys, inclusive, one after another; None is an end of the database.

        A start after the end reverses the order, as ``reverse`` does.
        """
        lower = None if start is None else as_bytes(start)
        upper = None if end is None else as_bytes(end)
        if lower is not None and upper is not None:
            if lower > upper:
                reverse = True
            lower, upper = min(lower, upper), max(lower, upper)
        return _binding.Scan(self, lower, upper, bool(reverse), PAIRS, False)

    # A loop over all rows has moved on when it returns a row, as in python-lsm-db: what is put right after the row
    # does not come up.

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return _binding.Scan(self, None, None, False, PAIRS, True)

    def __reversed__(self) -> Iterator[tuple[bytes, bytes]]:
        return _binding.Scan(self, None, None, True, PAIRS, True)

    def items(self, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Returns the rows, in the order of their keys, one after another."""
        return _binding.Scan(self, None, None, reverse, PAIRS, True)

    def keys(self, reverse: bool = False) -> Iterator[bytes]:
        """Returns the keys, in their order, one after another."""
        return _binding.Scan(self, None, None, reverse, KEYS, False)

    def values(self, reverse: bool = False) -> Iterator[bytes]:
        """Returns the values, in the order of their keys, one after another."""
        return _binding.Scan(self, None, None, reverse, VALUES, False)

    def work(self, nmerge: int = 1, nkb: int = 4096) -> int:
        """Merges segments, nmerge of an age at least, and writes about nkb KB. Returns the KB that were written."""
        try:
            return super().work(nmerge, nkb)
        except errors.BusyError as e:
            raise RuntimeError(
                "Unable to acquire the worker lock. Perhaps another thread or process is working on the database?"
            ) from e

    def checkpoint(self, nkb: int = 0) -> int:
        """Makes the file's state durable. Returns the KB written since the last checkpoint; nkb has no effect."""
        return self.write_checkpoint()

    def backup(self, path: str | bytes | os.PathLike[str] | os.PathLike[bytes], replace: bool = False) -> None:
        """Writes a copy of what is committed to a new file, while others read and write."""
        self.write_backup(os.fsencode(path), replace)

    def transaction(self) -> Transaction:
        """Returns a transaction, for a ``with`` block or as a decorator."""
        return Transaction(self)

    def cursor(self, reverse: bool = False) -> Cursor:
        """Returns a cursor; its loops go from the last key to the first if it is reversed."""
        return Cursor(self, reverse)


def _number(name: str, value: Any) -> int:
    if OPTIONS[name].flag:
        return 1 if value else 0
    if not isinstance(value, int):
        raise TypeError(f"{name}: an integer is required, not {type(value).__name__}")
    if not -(2**31) <= value < 2**31:
        raise OverflowError(f"{name}: {value} does not fit into 32 bits")
    return int(value)


def _option(name: str) -> property:
    option = OPTIONS[name]

    def get(self: LSM) -> int:
        if not self.is_open:
            return self._options.get(name, option.default)
        return self.config(option.verb, -1)

    def set_(self: LSM, value: int) -> None:
        if option.before_open and self._was_opened:
            raise ValueError("cannot set option after database has been opened.")
        number = _number(name, value)
        if self.is_open:
            self.config(option.verb, number)
        self._options[name] = number

    return property(get, set_, doc=option.about)


for _name in OPTIONS:
    setattr(LSM, _name, _option(_name))
