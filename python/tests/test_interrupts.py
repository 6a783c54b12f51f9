# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C at every step of the calls through ctypes, one after another.

The extension has no steps of Python's, so it has nothing to test here.
"""

from __future__ import annotations

import dis
import gc
import sys
import threading
from types import CodeType, FrameType
from typing import Any, Callable, Iterator

import pytest

import lsmlite
from lsmlite import _binding

pytestmark = pytest.mark.skipif(
    lsmlite.BINDING != "ctypes", reason="an interrupt comes between steps of Python's, and the extension has none there"
)

# After these, Python looks for signals: after a call, before the next round of a loop, where a function begins.
LOOKS = ("CALL", "JUMP_BACKWARD", "JUMP_ABSOLUTE", "RESUME")

# For each offset in a code: the name of what is there, and where an exception goes from there.
_places: dict[CodeType, dict[int, tuple[str, int]]] = {}


def places(code: CodeType) -> dict[int, tuple[str, int]]:
    if code not in _places:
        handlers = getattr(dis.Bytecode(code), "exception_entries", ())
        _places[code] = {
            i.offset: (i.opname, next((h.target for h in handlers if h.start <= i.offset < h.end), -1))
            for i in dis.get_instructions(code)
        }
    return _places[code]


class Interrupt:
    """Raises KeyboardInterrupt at the n-th place of _fallback.py at which Python looks for signals.

    The exception comes at the beginning of the next instruction, and a signal's at the end of the one before. So a
    place is left out if these two have other handlers, as where a with block ends in a call: there the signal's
    exception still goes to the block.
    """

    def __init__(self, n: int) -> None:
        self.left = n
        self.last: dict[FrameType, tuple[str, int]] = {}

    def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_globals.get("__name__") != "lsmlite._fallback":
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            at = places(frame.f_code)[frame.f_lasti]
            name, handler = self.last.get(frame, ("RESUME", at[1]))
            self.last[frame] = at
            if name.startswith(LOOKS) and handler == at[1]:
                if self.left == 0:
                    self.left = -1
                    raise KeyboardInterrupt
                self.left -= 1
        elif event == "return":
            self.last.pop(frame, None)
        return self.trace

    def __enter__(self) -> Interrupt:
        # Python tells the hook of an interrupt in a __del__, and goes on; pytest's hook would keep the object.
        self.before = sys.gettrace(), sys.unraisablehook
        sys.unraisablehook = lambda _: None
        sys.settrace(self.trace)
        return self

    def __exit__(self, *_: Any) -> None:
        sys.settrace(self.before[0])
        sys.unraisablehook = self.before[1]
        self.last.clear()


def interrupted(work: Callable[[], Any]) -> Iterator[None]:
    """Runs a function again and again, and interrupts it one step later each time; the last time it is not."""
    n, done = 0, False
    while not done:
        interrupt = Interrupt(n)
        try:
            with interrupt:
                work()
        except KeyboardInterrupt:
            pass
        done = interrupt.left >= 0
        yield
        n += 1
    assert n > 20, "the interrupts have not come"


def in_another_thread(work: Callable[[], Any]) -> None:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True)
    thread.start()
    thread.join(30)
    assert results, "another thread waits for the handle, or has failed"


def test_open_and_drop(path: str) -> None:
    _binding.load()
    before = _binding.open_count()
    db: Any = None

    def work() -> None:
        nonlocal db
        db = lsmlite.LSM(path, open_database=False, busy_timeout=0)
        db.open()
        db.begin()
        db["k"] = "v"
        db = None

    for _ in interrupted(work):
        db = None
        assert _binding.open_count() == before
        with lsmlite.LSM(path, busy_timeout=0) as other:  # no writer was left
            other["other"] = "1"
            assert "k" not in other


def test_close(path: str) -> None:
    _binding.load()
    before = _binding.open_count()
    with lsmlite.LSM(path) as keeper:  # so that to close and to open again is quick
        keeper["k"] = "v"
        db = lsmlite.LSM(path)

        def work() -> None:
            db.open()
            db.close()

        for _ in interrupted(work):
            in_another_thread(lambda: db.is_open)
            if db.is_open:
                in_another_thread(lambda: db["k"])
                assert db.close()
            assert not db.close()
            assert _binding.open_count()[0] == before[0] + 1
    assert _binding.open_count() == before


def test_close_that_is_refused(db: lsmlite.LSM) -> None:
    """The handle stays while a cursor is open, whenever the interrupt comes."""
    db["k"] = "v"
    with db.cursor():

        def work() -> None:
            with pytest.raises(lsmlite.Error):
                db.close()

        for _ in interrupted(work):
            assert db.is_open
            in_another_thread(lambda: db["k"])
    assert db.close()


@pytest.mark.parametrize("inner", ["commit", "rollback", "undo"])
def test_transactions(path: str, inner: str) -> None:
    """The depth is what it is in the library: what is committed is, and nothing else."""
    db, other = lsmlite.LSM(path, busy_timeout=0), lsmlite.LSM(path, busy_timeout=0)
    reached = ""

    def work() -> None:
        nonlocal reached
        reached = "begin"
        db.begin()
        db["outer"] = "1"
        reached = "inside"
        db.begin()
        db["inner"] = "1"
        if inner == "commit":
            db.commit()
        else:
            db.rollback(inner == "rollback")
            if inner == "rollback":
                db.commit()
        reached = "commit"
        db.commit()

    for _ in interrupted(work):
        depth = db.transaction_depth
        in_another_thread(lambda: "outer" in db)
        if depth == 2:
            assert reached == "inside"
            db["inner"] = "2"
            assert db.rollback(False)
            assert "inner" not in db and "outer" in db
        assert reached == "begin" or depth or reached == "commit"
        if db.transaction_depth == 1:
            db["probe"] = "1"
            assert "probe" not in other, "there is no transaction"
            assert db.rollback(False)
            assert "outer" not in db and "outer" not in other, "what was committed is called open"
        elif reached == "commit":
            assert "outer" in other and ("inner" in other) == (inner == "commit")
        assert not db.rollback(False)
        db["probe"] = "1"
        assert "probe" in other, "a transaction is open"
        for key in ("outer", "inner", "probe"):
            del other[key]
    assert db.close() and other.close()


def test_a_begin_that_is_refused(path: str) -> None:
    db, other = lsmlite.LSM(path, busy_timeout=0), lsmlite.LSM(path, busy_timeout=0)
    other.begin()
    other["other"] = "1"

    def work() -> None:
        with pytest.raises(lsmlite.BusyError):
            db.begin()

    for _ in interrupted(work):
        assert db.transaction_depth == 0
        in_another_thread(lambda: "other" in db)
    assert other.commit()
    assert db.close() and other.close()


def test_cursors_loops_and_statements(db: lsmlite.LSM) -> None:
    db.update({"a": "1", "b": "2"})
    before = _binding.open_count()
    held: list[Any] = []

    def work() -> None:
        cursor = db.cursor()
        held.append(cursor)
        cursor.first()
        cursor.close()
        held[:] = [db.cursor()]
        held.clear()  # which closes it
        held.append(iter(db))
        next(held[0])
        held.clear()
        db.fetch("aa", lsmlite.SEEK_GE)
        statement = _binding.Statement(db, b"SELECT key FROM kv WHERE key > ?")
        statement.bind([b"a"])
        statement.fetch(1)
        statement.close()

    for _ in interrupted(work):
        for one in held:
            one.close()
        held.clear()
        in_another_thread(lambda: db["a"])  # and closes what is left
        assert _binding.open_count() == before
    assert db.close()


def test_closing_while_another_thread_is_in_the_library(db: lsmlite.LSM) -> None:
    """The wait for the lock is interrupted: the cursor and the statement are still there, and can be closed."""

    class Interrupted:
        def __enter__(self) -> None:
            raise KeyboardInterrupt

        def __exit__(self, *_: Any) -> None:
            raise AssertionError("the lock was not taken")

    handle: Any = db
    before = _binding.open_count()
    cursor, statement = db.cursor(), _binding.Statement(db, b"SELECT key FROM kv")
    lock, handle._lock = handle._lock, Interrupted()
    for part in (cursor, statement):
        with pytest.raises(KeyboardInterrupt):
            part.close()
    handle._lock = lock
    assert cursor.is_open
    with pytest.raises(lsmlite.Error):
        db.close()
    assert cursor.close()
    statement.close()
    assert _binding.open_count() == before
    assert db.close()
