# SPDX-License-Identifier: Apache-2.0
"""Cursor: a place among the rows."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Iterator

from . import _binding

SEEK_LEFAST, SEEK_LE, SEEK_EQ, SEEK_GE = -2, -1, 0, 1

PAIRS, KEYS, VALUES = 0, 1, 2


def as_bytes(key: Any) -> bytes:
    """Returns the bytes of a key: text as UTF-8, bytes as they are, all else as the text of it."""
    if isinstance(key, bytes):
        return key
    if isinstance(key, (bytearray, memoryview)):
        return bytes(key)
    return (key if isinstance(key, str) else str(key)).encode()


class Cursor(_binding.Cursor):
    """A place among the rows, in the order of their keys.

    ``next()`` moves on after ``first()`` or a seek with SEEK_GE, ``previous()`` after ``last()`` or a seek with
    SEEK_LE; otherwise they raise a MisuseError. A database cannot be closed while one of its cursors is open, so use a
    ``with`` block, which begins at the first row, or at the last one of a reversed cursor.

    A loop over a cursor goes from its place to the end.
    """

    def __enter__(self) -> Cursor:
        self.open()
        if self._reverse:
            self.last()
        else:
            self.first()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fetch_until(self, key: Any) -> Iterator[tuple[bytes, bytes]]:
        """Yields the rows from the cursor's place to a key, inclusive; to the end if it is None."""
        yield from _binding.Rows(self, PAIRS, key)

    def fetch_range(self, start: Any, end: Any) -> Iterator[tuple[bytes, bytes]]:
        """Yields the rows between two keys, inclusive, in the cursor's direction.

        Without a start they begin at the cursor's end of the database, without an end they go on to the other one.
        Two keys may be in either order.
        """
        if start and end:
            first, last = as_bytes(start), as_bytes(end)
            if (first < last) if self._reverse else (first > last):
                start, end = end, start
        if start:
            try:
                self.seek(start, SEEK_LE if self._reverse else SEEK_GE)
            except KeyError:
                return
        elif self._reverse:
            self.last()
        else:
            self.first()
        yield from _binding.Rows(self, PAIRS, end)

    def keys(self) -> Iterator[bytes]:
        """Yields the keys from the cursor's place on."""
        yield from _binding.Rows(self, KEYS, None)

    def values(self) -> Iterator[bytes]:
        """Yields the values from the cursor's place on."""
        yield from _binding.Rows(self, VALUES, None)
