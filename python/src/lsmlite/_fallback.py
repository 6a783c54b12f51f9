# SPDX-License-Identifier: Apache-2.0
"""The calls of liblsmlite through ctypes: what _native has, with the same names and outcomes, only slower.

It serves where the extension is missing or was built for another interpreter. Each handle has a lock, which a call
holds while it is in the library, so threads may share a handle; ctypes gives up the GIL meanwhile.

Ctrl-C may come after any call here, and before what the call returned is kept. So

- a with statement takes the lock, and no function of ours between it and the lock;
- the library itself writes the pointers of what it opens to where they are kept;
- results that something hangs on are kept by list.extend(map(function, ...)): it is one step of Python's, in which no
  interrupt comes between the call and the list;
- what an interrupted __del__ leaves is closed by a later call: a weak reference puts itself into a list.
"""

from __future__ import annotations

import ctypes
import os
import operator
import threading
import weakref
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
_databases: dict[int, tuple[weakref.ref[Any], _Database]] = {}  # those that are open, and references to their handles
_dropped: list[weakref.ref[Any]] = []  # to handles that are gone
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
    _close_dropped()
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


class _Held:
    """What the library has made, and which is to be closed once."""

    def __init__(self, closer: str) -> None:
        self.pointer, self.closer = c_void_p(), closer
        self.results: list[int] = []  # what the calls returned that were to close it
        self.key = 0

    def __bool__(self) -> bool:
        """Whether it is open."""
        return bool(self.pointer) and not self.results

    def close(self, *arguments: Any) -> None:
        self.results.extend(map(getattr(_lib, self.closer), (self.pointer,), *[(a,) for a in arguments]))

    def lose(self) -> None:
        """After a fork: what the parent has open stays the parent's."""
        self.results.append(OK)


class _Database(_Held):
    """The library's handle, and its cursors and statements. It does not keep the objects alive that they belong to."""

    def __init__(self, handle: Handle) -> None:
        super().__init__("lsmlite_close")
        self.lock = handle._lock
        self.parts: dict[int, tuple[weakref.ref[Any], _Held]] = {}
        self.orphans: list[weakref.ref[Any]] = []  # to cursors and statements that are gone
        ref = weakref.ref(handle, _dropped.append)
        self.key = id(ref)
        _databases[self.key] = ref, self

    def __bool__(self) -> bool:
        # Only MISUSE says that the handle is still there.
        return bool(self.pointer) and self.results.count(MISUSE) == len(self.results)

    def hold(self, closer: str, owner: Any) -> _Held:
        """Makes room for a pointer of a cursor or a statement."""
        held = _Held(closer)
        ref = weakref.ref(owner, self.orphans.append)
        held.key = id(ref)
        self.parts[held.key] = ref, held
        return held

    def drop(self, held: _Held) -> bool:
        """Closes a cursor or a statement. Returns whether it was open. The lock is held."""
        was_open = bool(held)
        if was_open:
            held.close()
        self.parts.pop(held.key, None)
        return was_open

    def drop_orphans(self) -> None:
        for ref in list(self.orphans):
            part = self.parts.get(id(ref))
            if part is not None:
                self.drop(part[1])
            _remove(self.orphans, ref)

    def forget(self) -> None:
        _databases.pop(self.key, None)

    def give_up(self) -> None:
        """Closes, and undoes what was not committed, by calls or by statements."""
        if not _lost:
            with self.lock:
                while self.parts:
                    self.drop(next(iter(self.parts.values()))[1])
                if self:
                    _lib.lsm_rollback(self.pointer, 0)
                    self.close(None)
                if self:  # a transaction of statements is open
                    rollback = self.hold("lsmlite_finalize", self)
                    if _lib.lsmlite_prepare(self.pointer, b"ROLLBACK", 8, byref(rollback.pointer)) == OK:
                        _lib.lsmlite_step(rollback.pointer)
                    self.drop(rollback)
                    self.close(None)
        self.forget()


def _close_dropped() -> None:
    """Closes the databases of handles whose __del__ was interrupted."""
    for ref in list(_dropped):
        entry = _databases.get(id(ref))
        if entry is not None:
            entry[1].give_up()
        _remove(_dropped, ref)


def _remove(refs: list[weakref.ref[Any]], ref: weakref.ref[Any]) -> None:
    try:
        refs.remove(ref)
    except ValueError:  # another thread, or the handler of a signal, was here
        pass


class Handle(Uncopied):
    _lock: threading.RLock
    _database: _Database | None
    _step: tuple[int, int, int, list[int]]  # see _move
    _writes: int  # grows before and after each change that loops of this handle must see

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        self._lock, self._database, self._step, self._writes = threading.RLock(), None, (0, 0, 0, []), 0
        return self

    def __del__(self) -> None:
        database = getattr(self, "_database", None)
        if database is not None:
            database.give_up()

    def _locked(self) -> threading.RLock:
        """Returns what a with statement locks for calls."""
        _ready()
        return self._lock

    def _open(self) -> _Database:
        """Returns the database if it is open. It is locked."""
        database = self._database
        if not database:
            raise _make_error(MISUSE, "the database is not open")
        if database.orphans:
            database.drop_orphans()
        return database

    def _place(self) -> c_void_p:
        return self._open().pointer

    def _check(self, rc: int) -> None:
        """Raises the error of a call. The database is locked, and its handle there."""
        if rc == OK:
            return
        assert self._database is not None
        db, detail = self._database.pointer, ""
        code = _lib.lsmlite_error_code(db)
        if code & 255 == rc & 255:  # otherwise it is about another call
            rc, detail = code, (_lib.lsmlite_error_message(db) or b"").decode(errors="replace")
        raise _make_error(rc, detail)

    def _write(self, function: Any, *arguments: Any) -> None:
        """Calls what changes rows."""
        with self._locked():
            db = self._place()
            self._writes += 1
            try:
                self._check(function(db, *arguments))
            finally:
                self._writes += 1

    def open_file(
        self, path: bytes, settings: list[tuple[int, int]], key: bytes | str | None = None, kind: int = 0
    ) -> None:
        _whole_path(path)
        _close_dropped()
        with self._locked():
            if self._database:
                raise _make_error(MISUSE, "the database is open")
            database = _Database(self)
            self._database, self._step = database, (0, 0, 0, [])
            try:
                rc = _lib.lsm_new(None, byref(database.pointer))
                if rc != OK:
                    raise _make_error(rc, "")
                for verb, value in settings:
                    self._check(_lib.lsm_config(database.pointer, c_int(verb), byref(c_int(_int(value)))))
                if key is not None:
                    secret = _bytes(key)
                    self._check(_lib.lsmlite_key(database.pointer, kind, secret, len(secret)))
                self._check(_lib.lsm_open(database.pointer, path))
            except BaseException:
                database.give_up()
                raise

    def close_file(self) -> bool:
        database = self._database
        if not database:
            return False
        if _lost:
            database.lose()
            database.forget()
            return True
        with self._locked():
            database = self._open()
            text = c_void_p()
            try:
                database.close(byref(text))
                rc = database.results[-1]
                if rc == MISUSE:
                    database.results.clear()
                    self._check(rc)
                # After any other error, too, the library's handle is gone.
                detail = ctypes.string_at(text).decode(errors="replace") if text else ""
            finally:
                _lib.lsm_free(None, text)
                if not database:
                    database.forget()
            if rc != OK:
                raise _make_error(rc, detail)
        return True

    @property
    def is_open(self) -> bool:
        return bool(self._database)

    @property
    def transaction_depth(self) -> int:
        before, done, failed, results = self._step
        if not self._database:
            return 0
        return before if not results else done if results[0] == OK else failed

    def _move(self, function: Any, level: int, done: int, failed: int) -> int:
        """Calls what changes the depth, which is known by what the call returned, and by nothing that comes later."""
        results: list[int] = []
        db = self._place()
        self._step = self.transaction_depth, done, failed, results
        results.extend(map(function, (db,), (level,)))
        return results[0]

    def config(self, verb: int, value: int) -> int:
        number = c_int(_int(value))
        with self._locked():
            self._check(_lib.lsm_config(self._place(), c_int(verb), byref(number)))
            return number.value

    def info(self, verb: int, two: int) -> Any:
        with self._locked():
            a, b = c_int(), c_int()
            self._check(_lib.lsm_info(self._place(), c_int(verb), byref(a), byref(b)))
            return (a.value, b.value) if two else a.value

    def insert(self, key: Any, value: Any) -> None:
        k, v = _bytes(key), _bytes(value)
        self._write(_ready().lsm_insert, k, len(k), v, len(v))

    def delete(self, key: Any) -> None:
        k = _bytes(key)
        self._write(_ready().lsm_delete, k, len(k))

    def delete_range(self, start: Any, end: Any) -> None:
        a, b = _bytes(start), _bytes(end)
        self._write(_ready().lsm_delete_range, a, len(a), b, len(b))

    def _find(self, key: bytes, method: int) -> bytes | None:
        """Looks up a key. The database is locked."""
        if method == EQ:
            room, size = 1024, c_longlong()
            while True:
                buffer = ctypes.create_string_buffer(room)
                self._check(_lib.lsmlite_get(self._place(), key, len(key), buffer, room, byref(size)))
                if size.value < 0:
                    return None
                if size.value <= room:
                    return ctypes.string_at(buffer, size.value)
                room = size.value
        cursor = Cursor(self)
        try:
            csr = cursor._place()
            self._check(_lib.lsm_csr_seek(csr, key, len(key), method))
            if method == LEFAST or not _lib.lsm_csr_valid(csr):  # LEFAST finds keys, and has no values
                return None
            return _part(self, _lib.lsm_csr_value, csr)
        finally:
            cursor.close()

    def _get(self, key: Any, method: int) -> bytes | None:
        k = _bytes(key)
        with self._locked():
            return self._find(k, method)

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
        self._write(_ready().lsmlite_put_many, n, keys, key_sizes, values, value_sizes)

    def _undo(self, level: int) -> int:
        """Undoes what was done in a level, and closes it."""
        if level == 1:
            return self._move(_lib.lsm_rollback, 0, done=0, failed=0)
        rc = int(_lib.lsm_rollback(self._place(), level))
        return self._move(_lib.lsm_commit, level - 1, done=level - 1, failed=level) if rc == OK else rc

    def add_number(self, key: Any, by: int) -> int | None:
        k, by = _bytes(key), operator.index(by)
        if not -(2**63) <= by < 2**63:
            raise OverflowError("int too big to convert")
        with self._locked():
            old = self._find(k, EQ)
            if old is not None and len(old) != 8:
                return None
            total = int.from_bytes(old or b"", "big", signed=True) + by
            if not -(2**63) <= total < 2**63:
                raise OverflowError("the number would not fit into 64 bits")
            self._write(_lib.lsm_insert, k, len(k), total.to_bytes(8, "big", signed=True), 8)
            return total

    def begin(self) -> None:
        with self._locked():
            depth = self.transaction_depth
            self._check(self._move(_lib.lsm_begin, depth + 1, done=depth + 1, failed=depth))

    def commit(self) -> bool:
        with self._locked():
            self._place()
            depth = self.transaction_depth
            if not depth:
                return False
            # A commit that fails rolls back, and there is no transaction.
            failed = depth if depth > 1 else 0
            self._check(self._move(_lib.lsm_commit, depth - 1, done=depth - 1, failed=failed))
            return True

    def rollback(self, keep_transaction: bool = True) -> bool:
        with self._locked():
            db = self._place()
            depth = self.transaction_depth
            if not depth:
                return False
            self._writes += 1
            try:
                self._check(_lib.lsm_rollback(db, depth) if keep_transaction else self._undo(depth))
            finally:
                self._writes += 1
            return True

    def flush(self) -> None:
        with self._locked():
            self._check(_lib.lsm_flush(self._place()))

    def work(self, nmerge: int = 1, nkb: int = 4096) -> int:
        least, size, written = _int(nmerge), _int(nkb), c_int()
        with self._locked():
            self._check(_lib.lsm_work(self._place(), least, size, byref(written)))
            return written.value

    def write_checkpoint(self) -> int:
        with self._locked():
            written = c_int()
            self._check(_lib.lsm_checkpoint(self._place(), byref(written)))
            return written.value

    def write_backup(self, path: bytes, replace: bool = False) -> None:
        _whole_path(path)
        with self._locked():
            self._check(_lib.lsmlite_backup(self._place(), path, BACKUP_REPLACE if replace else 0, None, None))

    def statements_in_transaction(self) -> bool:
        with self._locked():
            return bool(_lib.lsmlite_in_transaction(self._place()))


def _part(handle: Handle, function: Any, csr: c_void_p) -> bytes:
    data, size = c_void_p(), c_int()
    handle._check(function(csr, byref(data), byref(size)))
    return ctypes.string_at(data, size.value) if size.value else b""


def _stands(handle: Handle, csr: c_void_p) -> bool:
    """Whether a cursor stands on a row. lsm_csr_valid does not tell the end from an error."""
    data, size = c_void_p(), c_int()
    rc = _lib.lsm_csr_key(csr, byref(data), byref(size))
    if rc == MISUSE:
        return False
    handle._check(rc)
    return True


def _close_part(handle: Handle, held: _Held | None) -> bool:
    """Closes a cursor or a statement. Returns whether it was open."""
    if not held:
        return False
    if _lost:
        held.lose()
        return True
    with handle._lock:
        return handle._database is not None and handle._database.drop(held)


class Cursor(Uncopied):
    _held: _Held | None

    def __init__(self, lsm: Handle, reverse: bool = False) -> None:
        if not isinstance(lsm, Handle):
            raise TypeError("a cursor belongs to an LSM")
        self._handle, self._reverse, self._consumed, self._held = lsm, bool(reverse), False, None
        self.open()

    def __del__(self) -> None:
        if getattr(self, "_held", None):
            self.close()

    @property
    def is_open(self) -> bool:
        return bool(self._held)

    def open(self) -> bool:
        if self._held:
            return False
        handle = self._handle
        with handle._locked():
            database = handle._open()
            if self._held:
                return False
            self._held = database.hold("lsm_csr_close", self)
            handle._check(_lib.lsm_csr_open(database.pointer, byref(self._held.pointer)))
        return True

    def close(self) -> bool:
        return _close_part(self._handle, self._held)

    def _place(self) -> c_void_p:
        if not self._held:
            raise _make_error(MISUSE, "the cursor is closed")
        return self._held.pointer

    def _do(self, function: Any, *arguments: Any) -> None:
        with self._handle._locked():
            self._handle._place()
            self._handle._check(function(self._place(), *arguments))

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
        if not self._held and not _lost:
            return False
        with self._handle._locked():
            self._handle._place()
            return _stands(self._handle, self._place())

    def _value_of(self, function: Any) -> bytes:
        with self._handle._locked():
            self._handle._place()
            csr = self._place()
            if not _stands(self._handle, csr):
                raise _make_error(MISUSE, "the cursor is not on a row")
            return _part(self._handle, function, csr)

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
        with self._handle._locked():  # no other thread moves the cursor in between
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
    _held: _Held | None

    def __init__(self, handle: Handle, sql: bytes) -> None:
        self._handle, self._held = handle, None
        with handle._locked():
            database = handle._open()
            self._held = database.hold("lsmlite_finalize", self)
            handle._check(_lib.lsmlite_prepare(database.pointer, sql, len(sql), byref(self._held.pointer)))

    def __del__(self) -> None:
        if getattr(self, "_held", None):
            self.close()

    def close(self) -> None:
        _close_part(self._handle, self._held)

    def _place(self) -> c_void_p:
        """Returns the library's statement. The database is locked."""
        self._handle._place()
        if not self._held:
            raise _make_error(MISUSE, "the statement is closed")
        return self._held.pointer

    def bind(self, values: Iterable[Any]) -> None:
        with self._handle._locked():
            stmt = self._place()
            _lib.lsmlite_reset(stmt)
            self._handle._check(_lib.lsmlite_clear_bindings(stmt))
            for i, value in enumerate(values, 1):
                self._handle._check(self._bind(stmt, i, value))

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

    @staticmethod
    def _cell(stmt: c_void_p, i: int) -> Any:
        kind = _lib.lsmlite_column_type(stmt, i)
        if kind == INTEGER:
            return _lib.lsmlite_column_int64(stmt, i)
        if kind == FLOAT:
            return _lib.lsmlite_column_double(stmt, i)
        if kind in (TEXT, BLOB):
            size = c_int()
            data = _lib.lsmlite_column_bytes(stmt, i, byref(size))
            raw = ctypes.string_at(data, size.value) if size.value else b""
            return raw.decode(errors="surrogateescape") if kind == TEXT else raw
        return None

    def fetch(self, n: int) -> tuple[list[tuple[Any, ...]], bool]:
        rows: list[tuple[Any, ...]] = []
        handle = self._handle
        with handle._locked():
            stmt = self._place()
            handle._writes += 1
            try:
                while len(rows) < n:
                    rc = _lib.lsmlite_step(stmt)
                    if rc == DONE:
                        return rows, False
                    if rc != ROW:
                        handle._check(rc)
                    rows.append(tuple(self._cell(stmt, i) for i in range(_lib.lsmlite_column_count(stmt))))
            finally:
                handle._writes += 1
        return rows, True

    def columns(self) -> tuple[str, ...]:
        with self._handle._locked():
            stmt = self._place()
            names = [_lib.lsmlite_column_name(stmt, i) for i in range(_lib.lsmlite_column_count(stmt))]
        return tuple((name or b"").decode(errors="replace") for name in names)

    def changes(self) -> int:
        with self._handle._locked():
            return int(_lib.lsmlite_changes(self._place()))
