# SPDX-License-Identifier: Apache-2.0
"""What fails: commits, files that are damaged, and messages that are long."""

from __future__ import annotations

import os
import resource
import signal
from typing import Any, Callable, Iterable, Iterator

import pytest

import lsmlite
from lsmlite import dbapi2


@pytest.fixture
def small_files() -> Iterator[Callable[[str], None]]:
    """Limits files to the size that one has, so that it can grow no more, until the test ends or names none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def limit(path: str) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(path) if path else soft, hard))

    yield limit
    limit("")
    signal.signal(signal.SIGXFSZ, before)


def test_no_transaction_is_open_after_a_commit_that_failed(path: str, small_files: Callable[[str], None]) -> None:
    db = lsmlite.LSM(path)
    db.begin()
    for i in range(20):
        db.insert(f"lost{i}", b"v" * 100_000)
    small_files(path + "-log")
    with pytest.raises(OSError):
        db.commit()
    small_files("")
    assert db.transaction_depth == 0
    assert db.rollback() is False
    db.begin()
    db.insert("kept", "v")
    assert db.commit() is True
    with lsmlite.LSM(path) as other:
        assert other.get("kept") == b"v"
    with pytest.raises(OSError), db.transaction():
        for i in range(20):
            db.insert(f"lost{i}", b"v" * 100_000)
        small_files(path + "-log")
    small_files("")
    assert db.transaction_depth == 0
    db.close()
    with lsmlite.LSM(path) as db:
        assert list(db.keys()) == [b"kept"]


@pytest.mark.parametrize("by_statement", [False, True])
def test_dbapi2_after_a_commit_that_failed(path: str, small_files: Callable[[str], None], by_statement: bool) -> None:
    connection = dbapi2.connect(path)
    for i in range(20):
        connection.execute("INSERT INTO kv VALUES (?, ?)", (f"lost{i}", b"v" * 100_000))
    small_files(path + "-log")
    with pytest.raises(dbapi2.OperationalError):
        if by_statement:
            connection.execute("COMMIT")
        else:
            connection.commit()
    small_files("")
    assert not connection.in_transaction
    connection.rollback()
    connection.execute("INSERT INTO kv VALUES ('undone', '')")
    assert connection.in_transaction
    connection.rollback()
    connection.execute("INSERT INTO kv VALUES ('kept', '')")
    connection.commit()
    assert connection.execute("SELECT key FROM kv").fetchall() == [(b"kept",)]
    connection.close()


def test_a_close_that_fails_closes_and_keeps_the_rows(path: str, small_files: Callable[[str], None]) -> None:
    for turn in range(3):
        db = lsmlite.LSM(path)
        handles = lsmlite._binding.open_count()[0]
        for i in range(500):
            db[f"k{turn}{i:03}"] = b"v" * 100
        small_files(path)
        with pytest.raises(lsmlite.IOFailure) as caught:
            db.close()
        small_files("")
        assert path in caught.value.detail
        assert not db.is_open and db.transaction_depth == 0
        assert db.close() is False
        with pytest.raises(lsmlite.MisuseError):
            db.get("k0000")
        assert lsmlite._binding.open_count()[0] == handles - 1
        assert db.open() and len(list(db)) == 500 * (turn + 1)
        db.close()


def test_with_and_dropping_survive_a_close_that_fails(path: str, small_files: Callable[[str], None]) -> None:
    with pytest.raises(lsmlite.IOFailure), lsmlite.LSM(path) as db:
        db.update((f"k{i:03}", b"v" * 100) for i in range(500))
        small_files(path)
    small_files("")
    db = lsmlite.LSM(path)
    db.update((f"l{i:03}", b"v" * 100) for i in range(500))
    small_files(path)
    del db
    small_files("")
    with lsmlite.LSM(path) as db:
        assert len(list(db)) == 1000


def test_dbapi2_after_a_close_that_failed(path: str, small_files: Callable[[str], None]) -> None:
    connection = dbapi2.connect(path)
    connection.executemany("INSERT INTO kv VALUES (?, ?)", [(f"k{i:03}", b"v" * 100) for i in range(500)])
    connection.commit()
    small_files(path)
    with pytest.raises(dbapi2.OperationalError, match="test.lsm"):
        connection.close()
    small_files("")
    connection.close()
    with pytest.raises(dbapi2.ProgrammingError):
        connection.cursor()
    again = dbapi2.connect(path)
    assert again.execute("SELECT count(*) FROM kv").fetchone() == (500,)
    again.close()


def count(rows: Iterable[Any]) -> None:
    for _ in rows:
        pass


@pytest.mark.parametrize("reverse", [False, True])
def test_a_loop_never_ends_early_without_an_error(path: str, reverse: bool) -> None:
    with lsmlite.LSM(path) as db:
        db.update((f"k{i:05}", f"v{i:05}" * 20) for i in range(5000))
        db.flush()
        db.checkpoint()
    with open(path, "r+b") as f:
        data = f.read()
        f.seek(data.index(b"v03000v03000"))
        f.write(b"w")
    with lsmlite.LSM(path) as db, db.cursor(reverse) as cursor:
        for loop in (lambda: iter(cursor), cursor.keys, cursor.values, lambda: cursor.fetch_range(None, None),
                     lambda: db.items(reverse), lambda: db.keys(reverse), lambda: db.values(reverse)):
            if reverse:
                cursor.last()
            else:
                cursor.first()
            with pytest.raises(lsmlite.CorruptError):
                count(loop())


def test_a_detail_is_that_of_the_call(path: str) -> None:
    a, b = lsmlite.LSM(path), lsmlite.LSM(path)
    b["k"] = "v"
    cursor = b.cursor()
    cursor.first()
    a.begin()
    a["x"] = "1"
    for call, word in ((lambda: cursor.previous(), "lsm_csr_last"), (lambda: b.fetch("a", 7), "way to seek"),
                       (lambda: b.close_file(), "cursors"), (lambda: b.config(6, 0), "setting")):
        with pytest.raises(lsmlite.BusyError, match="Busy") as caught:
            b["y"] = "2"
        assert "write transaction is open" in caught.value.detail
        with pytest.raises(lsmlite.MisuseError) as caught:
            call()
        assert word in caught.value.detail
    a.commit()
    cursor.close()
    a.close()
    b.close()


def test_a_wait_that_was_too_short_says_so(path: str) -> None:
    a, b = lsmlite.LSM(path), lsmlite.LSM(path, busy_timeout=20)
    a.begin()
    a["x"] = "1"
    connection = dbapi2.connect(path, timeout=0.02)
    with pytest.raises(lsmlite.BusyError) as caught:
        b["y"] = "2"
    assert "busy timeout of 20 ms" in caught.value.detail and "context" not in caught.value.detail
    with pytest.raises(dbapi2.OperationalError) as refused:
        connection.execute("INSERT INTO kv VALUES ('y', '2')")
    assert refused.value.code & 255 == 5 and "context" not in str(refused.value)
    a.rollback(False)
    b["y"] = "2"
    connection.close()
    a.close()
    b.close()


def test_a_handle_that_is_dropped_with_a_transaction_of_statements(path: str) -> None:
    lsmlite.LSM(path).close()
    handle = lsmlite._binding.Handle()
    handle.open_file(os.fsencode(path), [])
    for text in (b"BEGIN", b"INSERT INTO kv VALUES ('lost', '')"):
        statement = lsmlite._binding.Statement(handle, text)
        statement.fetch(1)
        statement.close()
    with pytest.raises(lsmlite.MisuseError) as caught:
        handle.close_file()
    assert "statements" in caught.value.detail and handle.is_open
    del handle, statement, caught
    with lsmlite.LSM(path) as db:
        db["kept"] = "v"
        assert list(db.keys()) == [b"kept"]


def test_a_message_that_is_cut_within_a_character(tmp_path: Any) -> None:
    connection = dbapi2.connect(str(tmp_path / "m.lsm"))
    for text in ("é" * 700, "x" + "é" * 700):
        with pytest.raises(dbapi2.Error, match="unknown pragma"):
            connection.cursor().execute("PRAGMA " + text)
    connection.close()


@pytest.mark.parametrize("after", ["begin", "commit"])
def test_a_block_that_is_interrupted_ends_its_own_transaction(path: str, after: str) -> None:
    """Ctrl-C may come when the library has begun or committed already: the block around goes on as it was."""

    class Interrupted(lsmlite.LSM):
        armed = False

        def begin(self) -> None:
            super().begin()
            if self.armed and after == "begin":
                raise KeyboardInterrupt

        def commit(self) -> bool:
            done = super().commit()
            if self.armed and after == "commit":
                raise KeyboardInterrupt
            return done

    with Interrupted(path) as db:
        with db.transaction():
            db["outer"] = "1"
            db.armed = True
            with pytest.raises(KeyboardInterrupt):
                with db.transaction():
                    db["inner"] = "2"
            db.armed = False
            assert db.transaction_depth == 1
            assert ("inner" in db) == (after == "commit")
            db["later"] = "3"
        assert db.transaction_depth == 0
        assert db["outer"] == b"1" and db["later"] == b"3"
