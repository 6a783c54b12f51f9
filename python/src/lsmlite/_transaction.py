# SPDX-License-Identifier: Apache-2.0
"""Transaction: a block of code, or a function, as a transaction."""

from __future__ import annotations

import functools
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, TypeVar

if TYPE_CHECKING:
    from ._lsm import LSM

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Transaction:
    """Runs a ``with`` block, or the function that it decorates, in a transaction of its own.

    The transaction is committed at the end, or rolled back if an exception leaves the block. Transactions may be
    within others.
    """

    def __init__(self, lsm: LSM) -> None:
        self._lsm = lsm
        self._around: list[int] = []  # how deep the database was in transactions where each block began

    def __enter__(self) -> Transaction:
        around = self._lsm.transaction_depth
        try:
            self._around.append(around)
            self._lsm.begin()
            return self
        except BaseException:
            self._undo()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._lsm.commit()
        finally:
            self._undo()

    def _undo(self) -> None:
        """Ends a block, and rolls back what is still open of it: Ctrl-C may come after the library has committed."""
        around = self._around.pop()
        while self._lsm.transaction_depth > around:
            self._lsm.rollback(False)

    def __call__(self, function: _Function) -> _Function:
        @functools.wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return inner  # type: ignore[return-value]

    def commit(self, begin: bool = True) -> bool:
        """Commits what was done so far and, unless told otherwise, begins again."""
        done = self._lsm.commit()
        if begin:
            self._lsm.begin()
        return done

    def rollback(self, begin: bool = True) -> bool:
        """Undoes what was done so far and, unless told otherwise, leaves the transaction open."""
        return self._lsm.rollback(begin)
