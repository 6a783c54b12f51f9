# SPDX-License-Identifier: Apache-2.0
"""The calls of liblsmlite through ctypes: what _native has, with the same names and outcomes, only slower.

It serves where the extension is missing or was built for another interpreter. Each handle has a lock, which a call
holds while it is in the library, so threads may share a handle; ctypes gives up the GIL meanwhile.
"""

from __future__ import annotations

import ctypes
import os
import operator
import threading
from ctypes import POINTER, byref, c_char_p, c_double, c_int, c_longlong, c_void_p
from typing import Any, Callable, Generator, Iterable, Iterator

from ._uncopied import Uncopied

__all__ = ["Handle", "Cursor", "Rows", "Scan", "Statement", "load", "on_error", "version", "open_count"]

OK, NOMEM, MISUSE = 0, 7, 21
EQ, LE, GE, LEFAST = 0, -1, 1, -2
ROW, DONE = 100, 101
INTEGER, FLOAT, TEXT, BLOB = 1, 2, 3, 4
BACKUP_REPLACE = 1
LONGEST = 2**31 - 1

_lib: Any = None
_lost = False
_lock = threading.Lock()
_make_error: Callable[[int, str], Exception] = lambda code, detail: RuntimeError(f"error {code}: {detail}")

# The functions of the library: arguments after the handle, cursor or statement.
_FUNCTIONS: dict[str, list[Any]] = {
    "lsm_new": [POINTER(c_void_p)],
    "lsmlite_close": [POINTER(c_void_p)],
    "lsm_free": [c_void_p],
    "lsm_open": [c_char_p],
    "lsm_begin": [c_int],
    "lsm_commit": [c_int],
    "lsm_rollback": [c_int],
    "lsm_insert": [c_char_p, c_int, c_char_p, c_int],
    "lsm_delete": [c_char_p, c_int],
    "lsm_delete_range": [c_char_p, c_int, c_char_p, c_int],
    "lsm_work": [c_int, c_int, POINTER(c_int)],
    "lsm_flush": [],
    "lsm_checkpoint": [POINTER(c_int)],
    "lsm_csr_open": [POINTER(c_void_p)],
    "lsm_csr_close": [],
    "lsm_csr_seek": [c_char_p, c_int, c_int],
    "lsm_csr_first": [],
    "lsm_csr_last": [],
    "lsm_csr_next": [],
    "lsm_csr_prev": [],
    "lsm_csr_valid": [],
    "lsm_csr_key": [POINTER(c_void_p), POINTER(c_int)],
    "lsm_csr_value": [POINTER(c_void_p), POINTER(c_int)],
    "lsm_csr_cmp": [c_char_p, c_int, POINTER(c_int)],
    "lsmlite_error_code": [],
    "lsmlite_get": [c_char_p, c_int, c_void_p, c_longlong, POINTER(c_longlong)],
    "lsmlite_put_many": [c_int, c_void_p, c_void_p, c_void_p, c_void_p],
    "lsmlite_backup": [c_char_p, c_int, c_void_p, c_void_p],
    "lsmlite_key": [c_int, c_char_p, c_int],
    "lsmlite_prepare": [c_char_p, c_int, POINTER(c_void_p)],
    "lsmlite_finalize": [],
    "lsmlite_bind_null": [c_int],
    "lsmlite_bind_int64": [c_int, c_longlong],
    "lsmlite_bind_double": [c_int, c_double],
    "lsmlite_bind_text": [c_int, c_char_p, c_int],
    "lsmlite_bind_blob": [c_int, c_char_p, c_int],
    "lsmlite_clear_bindings": [],
    "lsmlite_step": [],
    "lsmlite_reset": [],
    "lsmlite_column_count": [],
    "lsmlite_column_type": [c_int],
    "lsmlite_column_bytes": [c_int, POINTER(c_int)],
    "lsmlite_column_name": [c_int],
    "lsmlite_column_int64": [c_int],
    "lsmlite_column_double": [c_int],
    "lsmlite_changes": [],
    "lsmlite_in_transaction": [],
    "lsmlite_error_message": [],
}
_RESULTS: dict[str, Any] = {
    "lsmlite_column_bytes": c_void_p,
    "lsmlite_column_name": c_char_p,
    "lsmlite_column_int64": c_longlong,
    "lsmlite_column_double": c_double,
    "lsmlite_changes": c_longlong,
    "lsmlite_error_message": c_char_p,
}


def _after_fork() -> None:
    global _lost
    _lost = _lib is not None


def load(path: str) -> None:
    """Opens the library, unless it is open."""
    global _lib
    with _lock:
        if _lib is not None:
            return
        try:
            lib = ctypes.CDLL(path)
        except OSError as e:
            raise ImportError(f"open liblsmlite: {e}") from None
        for name, arguments in _FUNCTIONS.items():
            try:
                function = getattr(lib, name)
            except AttributeError:
                raise ImportError(
                    f"liblsmlite has no function {name}: it is of another version than the package"
                ) from None
            function.argtypes = [c_void_p, *arguments]
            function.restype = _RESULTS.get(name, c_int)
        lib.lsmlite_version.restype = c_char_p
        lib.lsmlite_open_count.restype = None
        os.register_at_fork(after_in_child=_after_fork)
        _lib = lib


def on_error(make: Callable[[int, str], Exception]) -> None:
    """Sets what makes the exceptions of the library's errors."""
    global _make_error
    _make_error = make


def _ready() -> Any:
    if _lost:
        raise _make_error(
            MISUSE,
            "this process was forked from one that had opened a database, and a fork does not keep the threads of "
            'liblsmlite; start processes with the methods "spawn" or "forkserver", or open the first database after '
            "the fork",
        )
    if _lib is None:
        raise RuntimeError("liblsmlite is not loaded")
    return _lib


def version() -> str:
    return str(_ready().lsmlite_version().decode())


def open_count() -> tuple[int, int, int]:
    counts = c_int(), c_int(), c_int()
    _ready().lsmlite_open_count(*map(byref, counts))
    return counts[0].value, counts[1].value, counts[2].value


def _bytes(o: Any) -> bytes:
    if isinstance(o, bytes):
        b = o
    elif o is None:
        raise TypeError("expected bytes, NoneType found")
    elif isinstance(o, (bytearray, memoryview)):
        b = bytes(o)
    else:
        b = (o if isinstance(o, str) else str(o)).encode()
    if len(b) > LONGEST:
        raise OverflowError("keys and values have at most 2147483647 bytes")
    return b


def _int(value: int) -> int:
    """Refuses what is no integer, and one that ctypes would cut to another one."""
    value = operator.index(value)
    if not -(2**31) <= value < 2**31:
        raise OverflowError(f"signed integer is {'greater than maximum' if value > 0 else 'less than minimum'}")
    return value


def _whole_path(path: bytes) -> bytes:
    """Refuses what C would take for the path of another file: it ends at a NUL."""
    if b"\0" in path:
        raise ValueError("embedded null byte in the path")
    return path


def _pair(i: int, row: Iterable[Any]) -> tuple[bytes, bytes]:
    items = tuple(row)
    if len(items) != 2:
        raise TypeError(f"row {i} has {len(items)} items; want a key and a value")
    return _bytes(items[0]), _bytes(items[1])


class _Call:
    """A block with the handle locked and open. The block calls check with each result."""

    def __init__(self, handle: Handle, writes: bool = False) -> None:
        self.handle, self.writes = handle, writes

    def __enter__(self) -> _Call:
        _ready()
        self.handle._lock.acquire()
        if self.handle._db is None:
            self.handle._lock.release()
            raise _make_error(MISUSE, "the database is not open")
        return self

    def __exit__(self, *_: Any) -> None:
        self.handle._writes += self.writes
        self.handle._lock.release()

    def check(self, rc: int) -> None:
        if rc == OK:
            return
        db, detail = self.handle._db, ""
        code = _lib.lsmlite_error_code(db)
        if code & 255 == rc & 255:  # otherwise it is about another call
            rc, detail = code, (_lib.lsmlite_error_message(db) or b"").decode(errors="replace")
        raise _make_error(rc, detail)


class Handle(Uncopied):
    _lock: threading.RLock
    _db: c_void_p | None
    _depth: int
    _writes: int  # grows with each change that loops of this handle must see

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        self._lock, self._db, self._depth, self._writes = threading.RLock(), None, 0, 0
        return self

    def __del__(self) -> None:
        db, self._db = self._db, None
        if db is not None and not _lost:
            if self._depth:
                _lib.lsm_rollback(db, 0)
            if _lib.lsmlite_close(db, None) == MISUSE:  # a transaction of statements is open
                stmt = c_void_p()
                if _lib.lsmlite_prepare(db, b"ROLLBACK", 8, byref(stmt)) == OK:
                    _lib.lsmlite_step(stmt)
                _lib.lsmlite_finalize(stmt)
                _lib.lsmlite_close(db, None)

    def open_file(
        self, path: bytes, settings: list[tuple[int, int]], key: bytes | str | None = None, kind: int = 0
    ) -> None:
        lib = _ready()
        _whole_path(path)
        with self._lock:
            if self._db is not None:
                raise _make_error(MISUSE, "the database is open")
            db = c_void_p()
            try:
                rc = lib.lsm_new(None, byref(db))
                if rc != OK:
                    raise _make_error(rc, "")
                self._db, self._depth = db, 0
                with _Call(self) as call:
                    for verb, value in settings:
                        call.check(lib.lsm_config(db, c_int(verb), byref(c_int(_int(value)))))
                    if key is not None:
                        secret = _bytes(key)
                        call.check(lib.lsmlite_key(db, kind, secret, len(secret)))
                    call.check(lib.lsm_open(db, path))
            except BaseException:
                self._db = None
                if db:
                    lib.lsmlite_close(db, None)
                raise

    def close_file(self) -> bool:
        if self._db is None:
            return False
        if not _lost:
            with _Call(self) as call:
                text = c_void_p()
                rc = _lib.lsmlite_close(self._db, byref(text))
                if rc == MISUSE:
                    call.check(rc)
                self._db, self._depth = None, 0  # after any other error, too: the library's handle is gone
                detail = ctypes.string_at(text).decode(errors="replace") if text else ""
                _lib.lsm_free(None, text)
                if rc != OK:
                    raise _make_error(rc, detail)
        self._db = None
        return True

    @property
    def is_open(self) -> bool:
        return self._db is not None

    @property
    def transaction_depth(self) -> int:
        return self._depth

    def config(self, verb: int, value: int) -> int:
        with _Call(self) as call:
            number = c_int(_int(value))
            call.check(_lib.lsm_config(self._db, c_int(verb), byref(number)))
            return number.value

    def info(self, verb: int, two: int) -> Any:
        with _Call(self) as call:
            a, b = c_int(), c_int()
            call.check(_lib.lsm_info(self._db, c_int(verb), byref(a), byref(b)))
            return (a.value, b.value) if two else a.value

    def insert(self, key: Any, value: Any) -> None:
        k, v = _bytes(key), _bytes(value)
        with _Call(self, writes=True) as call:
            call.check(_lib.lsm_insert(self._db, k, len(k), v, len(v)))

    def delete(self, key: Any) -> None:
        k = _bytes(key)
        with _Call(self, writes=True) as call:
            call.check(_lib.lsm_delete(self._db, k, len(k)))

    def delete_range(self, start: Any, end: Any) -> None:
        a, b = _bytes(start), _bytes(end)
        with _Call(self, writes=True) as call:
            call.check(_lib.lsm_delete_range(self._db, a, len(a), b, len(b)))

    def _find(self, call: _Call, key: bytes, method: int) -> bytes | None:
        if method == EQ:
            room, size = 1024, c_longlong()
            while True:
                buffer = ctypes.create_string_buffer(room)
                call.check(_lib.lsmlite_get(self._db, key, len(key), buffer, room, byref(size)))
                if size.value < 0:
                    return None
                if size.value <= room:
                    return ctypes.string_at(buffer, size.value)
                room = size.value
        csr = c_void_p()
        try:
            call.check(_lib.lsm_csr_open(self._db, byref(csr)))
            call.check(_lib.lsm_csr_seek(csr, key, len(key), method))
            if method == LEFAST or not _lib.lsm_csr_valid(csr):  # LEFAST finds keys, and has no values
                return None
            return _part(call, _lib.lsm_csr_value, csr)
        finally:
            if csr:
                _lib.lsm_csr_close(csr)

    def _get(self, key: Any, method: int) -> bytes | None:
        k = _bytes(key)
        with _Call(self) as call:
            return self._find(call, k, method)

    def fetch(self, key: Any, seek_method: int = EQ) -> bytes:
        value = self._get(key, _int(seek_method))
        if value is None:
            raise KeyError(key)
        return value

    def get(self, key: Any, default: Any = None) -> Any:
        value = self._get(key, EQ)
        return default if value is None else value

    def fetch_bulk(self, keys: Iterable[Any], seek_method: int = EQ) -> dict[Any, bytes]:
        found, method = {}, _int(seek_method)
        for key in keys:
            value = self._get(key, method)
            if value is not None:
                found[key] = value
        return found

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return self.fetch_range(key.start, key.stop, key.step)  # type: ignore[attr-defined]
        if isinstance(key, tuple):
            if len(key) != 2:
                raise ValueError("want a key, or a key and a seek method")
            return self.fetch(*key)
        return self.fetch(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.insert(key, value)

    def __delitem__(self, key: Any) -> None:
        if isinstance(key, slice):
            self.delete_range(key.start, key.stop)
        else:
            self.delete(key)

    def __contains__(self, key: Any) -> bool:
        return self._get(key, EQ) is not None

    def put_rows(self, rows: Iterable[tuple[Any, Any]]) -> None:
        pairs = [_pair(i, row) for i, row in enumerate(list(rows))]
        n = len(pairs)
        keys, values = (c_char_p * n)(*(k for k, _ in pairs)), (c_char_p * n)(*(v for _, v in pairs))
        key_sizes, value_sizes = (c_int * n)(*(len(k) for k, _ in pairs)), (c_int * n)(*(len(v) for _, v in pairs))
        with _Call(self, writes=True) as call:
            call.check(_lib.lsmlite_put_many(self._db, n, keys, key_sizes, values, value_sizes))

    def _undo(self, level: int) -> int:
        """Undoes what was done in a level, and closes it."""
        rc = _lib.lsm_rollback(self._db, level if level > 1 else 0)
        if rc == OK and level > 1:
            rc = _lib.lsm_commit(self._db, level - 1)
        return int(rc)

    def add_number(self, key: Any, by: int) -> int | None:
        k, by = _bytes(key), operator.index(by)
        if not -(2**63) <= by < 2**63:
            raise OverflowError("int too big to convert")
        with _Call(self, writes=True) as call:
            old = self._find(call, k, EQ)
            if old is not None and len(old) != 8:
                return None
            total = int.from_bytes(old or b"", "big", signed=True) + by
            if not -(2**63) <= total < 2**63:
                raise OverflowError("the number would not fit into 64 bits")
            call.check(_lib.lsm_insert(self._db, k, len(k), total.to_bytes(8, "big", signed=True), 8))
            return total

    def begin(self) -> None:
        with _Call(self) as call:
            call.check(_lib.lsm_begin(self._db, self._depth + 1))
            self._depth += 1

    def commit(self) -> bool:
        with _Call(self) as call:
            if not self._depth:
                return False
            rc = _lib.lsm_commit(self._db, self._depth - 1)
            if rc == OK or self._depth == 1:  # a commit that fails rolls back, and there is no transaction
                self._depth -= 1
            call.check(rc)
            return True

    def rollback(self, keep_transaction: bool = True) -> bool:
        with _Call(self, writes=True) as call:
            if not self._depth:
                return False
            if keep_transaction:
                call.check(_lib.lsm_rollback(self._db, self._depth))
            else:
                rc = self._undo(self._depth)
                if rc == OK or self._depth == 1:
                    self._depth -= 1
                call.check(rc)
            return True

    def flush(self) -> None:
        with _Call(self) as call:
            call.check(_lib.lsm_flush(self._db))

    def work(self, nmerge: int = 1, nkb: int = 4096) -> int:
        least, size, written = _int(nmerge), _int(nkb), c_int()
        with _Call(self) as call:
            call.check(_lib.lsm_work(self._db, least, size, byref(written)))
            return written.value

    def write_checkpoint(self) -> int:
        with _Call(self) as call:
            written = c_int()
            call.check(_lib.lsm_checkpoint(self._db, byref(written)))
            return written.value

    def write_backup(self, path: bytes, replace: bool = False) -> None:
        with _Call(self) as call:
            call.check(_lib.lsmlite_backup(self._db, _whole_path(path), BACKUP_REPLACE if replace else 0, None, None))

    def statements_in_transaction(self) -> bool:
        with _Call(self):
            return bool(_lib.lsmlite_in_transaction(self._db))


def _part(call: _Call, function: Any, csr: c_void_p) -> bytes:
    data, size = c_void_p(), c_int()
    call.check(function(csr, byref(data), byref(size)))
    return ctypes.string_at(data, size.value) if size.value else b""


def _stands(call: _Call, csr: c_void_p) -> bool:
    """Whether a cursor stands on a row. lsm_csr_valid does not tell the end from an error."""
    data, size = c_void_p(), c_int()
    rc = _lib.lsm_csr_key(csr, byref(data), byref(size))
    if rc == MISUSE:
        return False
    call.check(rc)
    return True


class Cursor(Uncopied):
    # The library puts a cursor here by itself: Ctrl-C may come after any call, so also before what it returned is kept.
    _csr: c_void_p

    def __init__(self, lsm: Handle, reverse: bool = False) -> None:
        if not isinstance(lsm, Handle):
            raise TypeError("a cursor belongs to an LSM")
        self._handle, self._reverse, self._consumed, self._csr = lsm, bool(reverse), False, c_void_p()
        self.open()

    def __del__(self) -> None:
        if getattr(self, "_csr", None):
            self.close()

    @property
    def is_open(self) -> bool:
        return bool(self._csr)

    def open(self) -> bool:
        if self._csr:
            return False
        with _Call(self._handle) as call:
            call.check(_lib.lsm_csr_open(self._handle._db, byref(self._csr)))
        return True

    def close(self) -> bool:
        none = c_void_p()
        csr, self._csr = self._csr, none  # no call between this and the library's
        if not csr:
            return False
        if not _lost:
            with self._handle._lock:
                if self._handle._db is not None:
                    _lib.lsm_csr_close(csr)
        return True

    def _place(self) -> c_void_p:
        if not self._csr:
            raise _make_error(MISUSE, "the cursor is closed")
        return self._csr

    def _do(self, function: Any, *arguments: Any) -> None:
        with _Call(self._handle) as call:
            call.check(function(self._place(), *arguments))

    def seek(self, key: Any, method: int = EQ) -> None:
        where, k = _int(method), _bytes(key)
        self._do(_ready().lsm_csr_seek, k, len(k), where)
        if not self.is_valid():
            raise KeyError(key)

    def first(self) -> None:
        self._do(_ready().lsm_csr_first)

    def last(self) -> None:
        self._do(_ready().lsm_csr_last)

    def _step(self, function: Any) -> bool:
        self._do(function)
        return self.is_valid()

    def next(self) -> None:
        if not self._step(_ready().lsm_csr_next):
            raise StopIteration

    def previous(self) -> None:
        if not self._step(_ready().lsm_csr_prev):
            raise StopIteration

    def is_valid(self) -> bool:
        if not self._csr and not _lost:
            return False
        with _Call(self._handle) as call:
            return _stands(call, self._place())

    def _value_of(self, function: Any) -> bytes:
        with _Call(self._handle) as call:
            csr = self._place()
            if not _stands(call, csr):
                raise _make_error(MISUSE, "the cursor is not on a row")
            return _part(call, function, csr)

    def key(self) -> bytes:
        return self._value_of(_ready().lsm_csr_key)

    def value(self) -> bytes:
        return self._value_of(_ready().lsm_csr_value)

    def compare(self, key: Any, nlen: int = 0) -> int:
        nlen, k, cmp = _int(nlen), _bytes(key), c_int()
        if not 0 <= nlen <= len(k):
            raise ValueError("nlen is not within the key")
        self._do(_ready().lsm_csr_cmp, k, nlen or len(k), byref(cmp))
        return (cmp.value > 0) - (cmp.value < 0)

    def _advance(self) -> bool:
        return self._step(_lib.lsm_csr_prev if self._reverse else _lib.lsm_csr_next)

    def __iter__(self) -> Any:
        self._consumed = not self.is_valid()
        return self

    def __next__(self) -> tuple[bytes, bytes]:
        with self._handle._lock:  # no other thread moves the cursor in between
            if self._consumed or not self.is_valid():
                raise StopIteration
            row = self.key(), self.value()
            self._consumed = not self._advance()
            return row


class Rows(Uncopied):
    """A loop from a cursor's place up to a key: of pairs (0), keys (1) or values (2)."""

    def __init__(self, cursor: Cursor, what: int, end: Any) -> None:
        self._rows = self._loop(cursor, what, None if end is None else _bytes(end))

    def __iter__(self) -> Iterator[Any]:
        return self._rows

    @staticmethod
    def _loop(cursor: Cursor, what: int, end: bytes | None) -> Iterator[Any]:
        more = cursor.is_valid()
        while more:
            key = cursor.key()
            if end is not None and (key < end if cursor._reverse else key > end):
                return
            yield key if what == 1 else cursor.value() if what == 2 else (key, cursor.value())
            more = cursor._advance()


class Scan(Uncopied):
    """The rows between two keys, inclusive: pairs (0), keys (1) or values (2). See Scan of the extension."""

    def __init__(self, handle: Handle, lower: Any, upper: Any, reverse: bool, what: int, ahead: bool) -> None:
        bounds = [None if b is None else _bytes(b) for b in (lower, upper)]
        self._rows = self._loop(handle, bounds[0], bounds[1], reverse, what, ahead)

    def __iter__(self) -> Scan:
        return self

    def __next__(self) -> Any:
        return next(self._rows)

    def close(self) -> None:
        self._rows.close()

    @staticmethod
    def _loop(
        handle: Handle, lower: bytes | None, upper: bytes | None, reverse: bool, what: int, ahead: bool
    ) -> Generator[Any, None, None]:
        cursor = Cursor(handle, reverse)
        first, last = (upper, lower) if reverse else (lower, upper)
        try:
            if first is not None:
                cursor.seek(first, LE if reverse else GE)
            elif reverse:
                cursor.last()
            else:
                cursor.first()
            more = cursor.is_valid()
            while more:
                key = cursor.key()
                if last is not None and (key < last if reverse else key > last):
                    return
                row = key if what == 1 else cursor.value() if what == 2 else (key, cursor.value())
                if not ahead:
                    yield row
                    more = cursor._advance()
                    continue
                more = cursor._advance()
                comes, writes = cursor.key() if more else b"", handle._writes
                yield row
                if more and writes != handle._writes:
                    cursor.seek(comes, LE if reverse else GE)
        except KeyError:
            return
        finally:
            cursor.close()


class Statement(Uncopied):
    _stmt: c_void_p  # see Cursor

    def __init__(self, handle: Handle, sql: bytes) -> None:
        self._handle, self._stmt = handle, c_void_p()
        with _Call(handle) as call:
            call.check(_lib.lsmlite_prepare(handle._db, sql, len(sql), byref(self._stmt)))

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        none = c_void_p()
        stmt, self._stmt = self._stmt, none
        if stmt and not _lost:
            with self._handle._lock:
                if self._handle._db is not None:
                    _lib.lsmlite_finalize(stmt)

    def _place(self) -> c_void_p:
        if not self._stmt:
            raise _make_error(MISUSE, "the statement is closed")
        return self._stmt

    def bind(self, values: Iterable[Any]) -> None:
        with _Call(self._handle) as call:
            stmt = self._place()
            _lib.lsmlite_reset(stmt)
            call.check(_lib.lsmlite_clear_bindings(stmt))
            for i, value in enumerate(values, 1):
                call.check(self._bind(stmt, i, value))

    @staticmethod
    def _bind(stmt: c_void_p, i: int, value: Any) -> int:
        if value is None:
            return int(_lib.lsmlite_bind_null(stmt, i))
        if isinstance(value, int):
            if not -(2**63) <= value < 2**63:
                raise OverflowError("a parameter is an integer of 64 bits")
            return int(_lib.lsmlite_bind_int64(stmt, i, value))
        if isinstance(value, float):
            return int(_lib.lsmlite_bind_double(stmt, i, value))
        if isinstance(value, str):
            text = value.encode()
            return int(_lib.lsmlite_bind_text(stmt, i, text, len(text)))
        if isinstance(value, bytes):
            return int(_lib.lsmlite_bind_blob(stmt, i, value, len(value)))
        raise TypeError("this type cannot be a parameter")

    def _cell(self, i: int) -> Any:
        kind = _lib.lsmlite_column_type(self._stmt, i)
        if kind == INTEGER:
            return _lib.lsmlite_column_int64(self._stmt, i)
        if kind == FLOAT:
            return _lib.lsmlite_column_double(self._stmt, i)
        if kind in (TEXT, BLOB):
            size = c_int()
            data = _lib.lsmlite_column_bytes(self._stmt, i, byref(size))
            raw = ctypes.string_at(data, size.value) if size.value else b""
            return raw.decode(errors="surrogateescape") if kind == TEXT else raw
        return None

    def fetch(self, n: int) -> tuple[list[tuple[Any, ...]], bool]:
        rows: list[tuple[Any, ...]] = []
        with _Call(self._handle, writes=True) as call:
            stmt = self._place()
            while len(rows) < n:
                rc = _lib.lsmlite_step(stmt)
                if rc == DONE:
                    return rows, False
                if rc != ROW:
                    call.check(rc)
                rows.append(tuple(self._cell(i) for i in range(_lib.lsmlite_column_count(stmt))))
        return rows, True

    def columns(self) -> tuple[str, ...]:
        with _Call(self._handle):
            stmt = self._place()
            names = [_lib.lsmlite_column_name(stmt, i) for i in range(_lib.lsmlite_column_count(stmt))]
        return tuple((name or b"").decode(errors="replace") for name in names)

    def changes(self) -> int:
        with _Call(self._handle):
            return int(_lib.lsmlite_changes(self._place()))
