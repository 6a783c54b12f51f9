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

    def __enter__(self) -> Transaction:
        self._lsm.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._lsm.rollback(False)
            return
        try:
            self._lsm.commit()
        except BaseException:
            self._lsm.rollback(False)
            raise

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
