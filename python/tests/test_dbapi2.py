# SPDX-License-Identifier: Apache-2.0
"""PEP 249, point by point, and what the module adds."""

from __future__ import annotations

import datetime
import gc
import inspect
import threading
import time
from typing import Any, Iterator

import pytest

import lsmlite
from lsmlite import _binding, dbapi2


@pytest.fixture
def connection(path: str) -> Iterator[dbapi2.Connection]:
    connection = dbapi2.connect(path)
    connection.execute("INSERT INTO kv VALUES ('a', '1'), ('b', '2'), ('c', '3')")
    connection.commit()
    yield connection
    connection.close()


def test_module_globals() -> None:
    assert dbapi2.apilevel == "2.0"
    assert dbapi2.threadsafety == 1
    assert dbapi2.paramstyle == "qmark"
    for name in dbapi2.__all__:
        assert hasattr(dbapi2, name)


def test_hierarchy_of_exceptions() -> None:
    assert issubclass(dbapi2.Warning, Exception)
    assert issubclass(dbapi2.Error, Exception)
    for name in ("InterfaceError", "DatabaseError"):
        assert issubclass(getattr(dbapi2, name), dbapi2.Error)
    for name in ("DataError", "OperationalError", "IntegrityError", "InternalError", "ProgrammingError",
                 "NotSupportedError"):
        assert issubclass(getattr(dbapi2, name), dbapi2.DatabaseError)
        assert getattr(dbapi2.Connection, name) is getattr(dbapi2, name)


def test_constructors_and_types() -> None:
    assert dbapi2.Date(2026, 2, 3) == datetime.date(2026, 2, 3)
    assert dbapi2.Time(4, 5, 6) == datetime.time(4, 5, 6)
    assert dbapi2.Timestamp(2026, 2, 3, 4, 5, 6) == datetime.datetime(2026, 2, 3, 4, 5, 6)
    now = time.time()
    assert dbapi2.DateFromTicks(now) == datetime.date.fromtimestamp(now)
    assert dbapi2.TimestampFromTicks(now) == datetime.datetime.fromtimestamp(int(now))
    assert dbapi2.TimeFromTicks(now) == datetime.datetime.fromtimestamp(int(now)).time()
    assert dbapi2.Binary(b"\x00") == b"\x00"
    assert dbapi2.STRING == str and dbapi2.BINARY == bytes and dbapi2.NUMBER == int and dbapi2.NUMBER == float
    assert dbapi2.DATETIME == datetime.datetime and dbapi2.STRING != bytes and dbapi2.ROWID != int


def test_attributes_of_a_cursor(connection: dbapi2.Connection) -> None:
    cursor = connection.cursor()
    assert (cursor.description, cursor.rowcount, cursor.arraysize, cursor.connection) == (None, -1, 1, connection)
    cursor.execute("SELECT key, value AS v FROM kv")
    assert cursor.description == (("key", *[None] * 6), ("v", *[None] * 6))
    assert cursor.rowcount == -1
    cursor.execute("INSERT INTO kv VALUES ('d', '4'), ('e', '5')")
    assert (cursor.description, cursor.rowcount) == (None, 2)
    cursor.execute("DELETE FROM kv WHERE key >= 'd'")
    assert cursor.rowcount == 2
    cursor.execute("UPDATE kv SET value = 'x' WHERE key = 'nobody'")
    assert cursor.rowcount == 0
    for name in ("callproc", "nextset"):  # optional, and not there
        assert not hasattr(cursor, name)


def test_fetching(connection: dbapi2.Connection) -> None:
    rows = [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]
    cursor = connection.cursor()
    assert cursor.execute("SELECT * FROM kv") is cursor
    assert [cursor.fetchone() for _ in range(5)] == [*rows, None, None]
    assert cursor.fetchall() == [] and cursor.fetchmany() == []
    cursor.execute("SELECT * FROM kv")
    assert (cursor.fetchmany(), cursor.fetchmany(5), cursor.fetchmany(5)) == (rows[:1], rows[1:], [])
    cursor.arraysize = 2
    cursor.execute("SELECT * FROM kv")
    assert (cursor.fetchmany(), cursor.fetchmany(size=0), cursor.fetchall()) == (rows[:2], [], rows[2:])
    assert list(cursor.execute("SELECT * FROM kv ORDER BY key DESC")) == rows[::-1]
    assert cursor.execute("SELECT * FROM kv WHERE key = 'nobody'").fetchall() == []
    assert cursor.description is not None
    assert next(connection.execute("SELECT count(*) FROM kv")) == (3,)


def test_fetching_without_a_result(connection: dbapi2.Connection) -> None:
    cursor = connection.cursor()
    for fetch in (cursor.fetchone, cursor.fetchmany, cursor.fetchall, lambda: next(cursor)):
        with pytest.raises(dbapi2.Error):
            fetch()
    cursor.execute("DELETE FROM kv")
    with pytest.raises(dbapi2.ProgrammingError):
        cursor.fetchone()


def test_more_rows_than_one_block(connection: dbapi2.Connection) -> None:
    connection.executemany("INSERT INTO kv VALUES (?, ?)", ((f"{i:05}", b"v" * 3000) for i in range(500)))
    cursor = connection.execute("SELECT key, value FROM kv WHERE key < 'a'")
    connection.execute("DELETE FROM kv")  # a result shows the state at its beginning
    rows = cursor.fetchall()
    assert [k for k, _ in rows] == [f"{i:05}".encode() for i in range(500)]
    assert all(v == b"v" * 3000 for _, v in rows)


@pytest.mark.parametrize("value, stored", [
    ("text", b"text"), ("\u00e9\u20ac", "\u00e9\u20ac".encode()), (b"\x00\xff", b"\x00\xff"), ("", b""), (b"", b""),
    (bytearray(b"x"), b"x"), (memoryview(b"x"), b"x"), (7, b"7"), (-(2**63), str(-(2**63)).encode()),
    (2**63 - 1, str(2**63 - 1).encode()), (True, b"1"), (1.5, b"1.5"),
    (datetime.date(2026, 2, 3), b"2026-02-03"), (datetime.datetime(2026, 2, 3, 4, 5), b"2026-02-03 04:05:00"),
    (datetime.time(4, 5), b"04:05:00"), (b"long" * 100000, b"long" * 100000),
])
def test_parameters(connection: dbapi2.Connection, value: Any, stored: bytes) -> None:
    connection.execute("INSERT INTO kv VALUES (?, ?)", ("k", value))
    assert connection.execute("SELECT value FROM kv WHERE key = ?", ["k"]).fetchall() == [(stored,)]


def test_results_have_types(connection: dbapi2.Connection) -> None:
    assert connection.execute("SELECT 1, 1.5, 'a', x'00ff'").fetchone() == (1, 1.5, b"a", b"\x00\xff")
    assert connection.execute("SELECT min(key), count(*) FROM kv WHERE key = 'nobody'").fetchone() == (None, 0)
    assert connection.execute("SELECT ?, ?, ?", (1.5, 2**62, "\u20ac")).fetchone() == (1.5, 2**62, "\u20ac".encode())


@pytest.mark.parametrize("statement, parameters, error", [
    ("SELEKT", (), dbapi2.ProgrammingError),
    ("SELECT * FROM users", (), dbapi2.ProgrammingError),
    ("SELECT ?", (), dbapi2.ProgrammingError),
    ("SELECT ?", (1, 2), dbapi2.ProgrammingError),
    ("SELECT ?", 1, dbapi2.ProgrammingError),
    ("SELECT ?", "a", dbapi2.ProgrammingError),
    ("SELECT ?", {"a": 1}, dbapi2.ProgrammingError),
    ("SELECT ?", (object(),), dbapi2.InterfaceError),
    ("SELECT ?", (2**63,), dbapi2.DataError),
    ("INSERT INTO kv VALUES ('x', ?)", (None,), dbapi2.ProgrammingError),
    ("INSERT OR ABORT INTO kv VALUES ('a', '1')", (), dbapi2.IntegrityError),
    (b"SELECT 1", (), dbapi2.ProgrammingError),
    (None, (), dbapi2.ProgrammingError),
    ("SELECT 1; SELECT 2", (), dbapi2.ProgrammingError),
    ("DELETE FROM kv; -- comment\nDELETE FROM kv", (), dbapi2.ProgrammingError),
])
def test_errors(connection: dbapi2.Connection, statement: Any, parameters: Any, error: type[Exception]) -> None:
    cursor = connection.cursor()
    with pytest.raises(error) as caught:
        cursor.execute(statement, parameters)
    assert str(caught.value)
    connection.rollback()
    assert cursor.execute("SELECT count(*) FROM kv").fetchone() == (3,)


@pytest.mark.parametrize("statement, row", [
    ("SELECT ';';", b";"), ("SELECT 'it''s; so' -- a; comment", b"it's; so"), ("/* a; b */ SELECT 'x' ; ; ", b"x"),
])
def test_semicolons_that_end_nothing(connection: dbapi2.Connection, statement: str, row: bytes) -> None:
    assert connection.execute(statement).fetchall() == [(row,)]


def test_statements_without_anything(connection: dbapi2.Connection) -> None:
    for statement in ("", "  ", ";", "-- nothing", "/* nothing */;", "\ufeff", "SELECT 1;\ufeff"):
        assert (connection.execute(statement).description is None) is ("SELECT" not in statement)
    assert not connection.in_transaction


def test_a_savepoint_ends_as_its_transaction_does(connection: dbapi2.Connection) -> None:
    connection.execute("SAVEPOINT s")
    connection.execute("INSERT INTO kv VALUES ('d', '4')")
    assert connection.in_transaction
    connection.execute("RELEASE s")
    connection.commit()
    assert not connection.in_transaction
    assert connection.execute("SELECT count(*) FROM kv").fetchone() == (4,)


def test_a_savepoint_that_begins_a_transaction(path: str) -> None:
    connection = dbapi2.connect(path, autocommit=True)
    connection.execute("SAVEPOINT one")
    connection.execute("INSERT INTO kv VALUES ('a', '1')")
    connection.execute("SAVEPOINT two")
    connection.execute("RELEASE two")
    assert connection.in_transaction and count(path) == 0
    connection.execute("RELEASE SAVEPOINT 'one'; -- done")
    assert not connection.in_transaction and count(path) == 1
    connection.close()


def test_returning(connection: dbapi2.Connection) -> None:
    cursor = connection.execute("DELETE FROM kv WHERE key < 'c' RETURNING key, value")
    assert cursor.fetchall() == [(b"a", b"1"), (b"b", b"2")]


def test_an_error_says_where_it_is(connection: dbapi2.Connection) -> None:
    with pytest.raises(dbapi2.ProgrammingError, match="no such column: nobody") as caught:
        connection.execute("SELECT nobody FROM kv")
    assert isinstance(caught.value.__cause__, lsmlite.Error)
    assert caught.value.code & 255 == 1


def test_executemany(connection: dbapi2.Connection) -> None:
    cursor = connection.executemany("INSERT INTO kv VALUES (?, ?)", [(f"m{i}", i) for i in range(50)])
    assert cursor.rowcount == 50 and cursor.description is None
    assert connection.execute("SELECT count(*) FROM kv WHERE key GLOB 'm*'").fetchone() == (50,)
    assert connection.executemany("DELETE FROM kv WHERE key = ?", []).rowcount == 0
    with pytest.raises(dbapi2.ProgrammingError):
        cursor.executemany("SELECT ?", [(1,)])
    with pytest.raises(dbapi2.ProgrammingError):
        cursor.executemany("INSERT INTO kv VALUES (?, ?)", [("n1", 1), ("n2",)])
    connection.rollback()
    assert connection.execute("SELECT count(*) FROM kv").fetchone() == (3,)


def count(path: str) -> int:
    """Counts the rows that another connection sees."""
    with dbapi2.connect(path) as other:
        n = other.execute("SELECT count(*) FROM kv").fetchall()[0][0]
    other.close()
    return int(n)


def test_transactions(connection: dbapi2.Connection, path: str) -> None:
    assert not connection.in_transaction
    connection.execute("INSERT INTO kv VALUES ('d', '4')")
    assert connection.in_transaction and count(path) == 3
    connection.commit()
    assert not connection.in_transaction and count(path) == 4
    connection.execute("DELETE FROM kv")
    connection.rollback()
    assert not connection.in_transaction and count(path) == 4
    connection.commit()
    connection.rollback()  # without a transaction both do nothing
    assert count(path) == 4


def test_reads_begin_no_transaction(connection: dbapi2.Connection) -> None:
    for statement in ("SELECT * FROM kv", "  -- comment\n SELECT 1", "PRAGMA page_size", "EXPLAIN SELECT 1"):
        connection.execute(statement).fetchall()
        assert not connection.in_transaction


@pytest.mark.parametrize("statement", [
    "insert into kv values ('x', '1')", "/* c */ REPLACE INTO kv VALUES ('x', '1')", "-- c\nUPDATE kv SET value = '1'",
    ";; DELETE FROM kv WHERE key = 'a'", "\ufeffINSERT INTO kv VALUES ('x', '1')", ";\ufeff/* c */\ufeffDELETE FROM kv",
    "UPDATE\"kv\"SET value = '1'", "SAVEPOINT's'", "UPDATE`kv`SET value = '1'",
])
def test_writes_begin_one(connection: dbapi2.Connection, statement: str) -> None:
    connection.execute(statement)
    assert connection.in_transaction


def test_transactions_by_statements(connection: dbapi2.Connection, path: str) -> None:
    for begin, end, n in (("BEGIN", "COMMIT", 4), ("BEGIN IMMEDIATE", "END", 4), ("begin", "ROLLBACK", 4)):
        connection.execute(begin)
        assert connection.in_transaction
        connection.execute("INSERT INTO kv VALUES ('d', '4')")
        connection.execute(end)
        assert not connection.in_transaction
        assert count(path) == n
    connection.execute("BEGIN")
    connection.execute("INSERT INTO kv VALUES ('e', '5')")
    connection.execute("SAVEPOINT one")
    connection.execute("INSERT INTO kv VALUES ('f', '6')")
    connection.execute("ROLLBACK TO one")
    assert connection.in_transaction
    connection.commit()
    assert count(path) == 5


def test_autocommit(path: str) -> None:
    connection = dbapi2.connect(path, autocommit=True)
    connection.execute("INSERT INTO kv VALUES ('a', '1')")
    assert not connection.in_transaction and count(path) == 1
    connection.execute("BEGIN")
    connection.execute("INSERT INTO kv VALUES ('b', '1')")
    connection.rollback()
    assert count(path) == 1
    connection.close()


def test_context_managers(path: str) -> None:
    with dbapi2.connect(path) as connection:
        connection.execute("INSERT INTO kv VALUES ('a', '1')")
    assert count(path) == 1
    with pytest.raises(ZeroDivisionError):
        with connection:
            connection.execute("INSERT INTO kv VALUES ('b', '1')")
            1 / 0
    assert count(path) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    with pytest.raises(dbapi2.ProgrammingError):
        cursor.fetchone()
    connection.close()


def test_closing(path: str) -> None:
    connection = dbapi2.connect(path)
    cursor = connection.execute("SELECT 1")
    connection.execute("INSERT INTO kv VALUES ('a', '1')")
    connection.close()
    connection.close()
    for call in (connection.cursor, connection.commit, connection.rollback, lambda: connection.execute("SELECT 1"),
                 cursor.fetchone, cursor.fetchall, lambda: cursor.execute("SELECT 1"), connection.__enter__,
                 lambda: cursor.setinputsizes([]), lambda: cursor.setoutputsize(1)):
        with pytest.raises(dbapi2.Error):
            call()
    cursor.close()
    assert count(path) == 0, "what was not committed is there"


def test_a_closed_cursor(connection: dbapi2.Connection) -> None:
    cursor = connection.execute("SELECT * FROM kv")
    cursor.close()
    cursor.close()
    for call in (cursor.fetchone, lambda: cursor.execute("SELECT 1"), lambda: list(cursor)):
        with pytest.raises(dbapi2.Error):
            call()
    other = connection.cursor()
    other.setinputsizes([1])
    other.setoutputsize(1)
    other.setoutputsize(1, 2)


def test_two_results_at_a_time(connection: dbapi2.Connection) -> None:
    one, two = connection.execute("SELECT key FROM kv"), connection.execute("SELECT key FROM kv ORDER BY key DESC")
    assert [(*one.fetchone(), *two.fetchone()) for _ in range(3)] == [  # type: ignore[misc]
        (b"a", b"c"), (b"b", b"b"), (b"c", b"a")]


def test_another_writer(path: str, connection: dbapi2.Connection) -> None:
    connection.execute("INSERT INTO kv VALUES ('d', '4')")
    impatient = dbapi2.connect(path, timeout=0)
    with pytest.raises(dbapi2.OperationalError) as caught:
        impatient.execute("INSERT INTO kv VALUES ('e', '5')")
    assert caught.value.code & 255 == 5
    impatient.close()
    patient = dbapi2.connect(path, timeout=30)
    timer = threading.Timer(0.2, connection.commit)
    timer.start()
    patient.execute("INSERT INTO kv VALUES ('e', '5')")
    patient.commit()
    timer.join()
    patient.close()
    assert count(path) == 5


def test_threads_with_a_connection_each(path: str) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            connection = dbapi2.connect(path, timeout=60)
            for i in range(20):
                with connection:
                    connection.execute("INSERT INTO kv VALUES (?, ?)", (f"{number}/{i}", i))
            connection.close()
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert errors == [] and count(path) == 80


def test_options(path: str) -> None:
    connection = dbapi2.connect(path, page_size=1024, write_safety=2)
    assert connection.execute("PRAGMA page_size").fetchone() == (1024,)
    connection.close()
    with pytest.raises(dbapi2.InterfaceError):
        dbapi2.connect(path, nonsense=1)
    with pytest.raises(dbapi2.OperationalError):
        dbapi2.connect("/nonexistent/x.lsm")


def test_both_interfaces_on_one_file(path: str, connection: dbapi2.Connection) -> None:
    with lsmlite.LSM(path) as db:
        assert db["a"] == b"1"
        db["z"] = "26"
    assert connection.execute("SELECT value FROM kv WHERE key = 'z'").fetchone() == (b"26",)


# What the classes take from the calls of the library.
INTERNAL = {"open_file", "close_file", "config", "info", "put_rows", "add_number", "write_backup", "write_checkpoint",
            "statements_in_transaction"}


def test_everything_is_documented() -> None:
    for cls in (dbapi2.Connection, dbapi2.Cursor, lsmlite.LSM, lsmlite.Cursor, lsmlite.Transaction):
        for name, member in inspect.getmembers(cls):
            if not name.startswith("_") and callable(member) and name not in INTERNAL:
                if lsmlite.BINDING == "native" or cls.__module__ == "lsmlite.dbapi2":
                    assert member.__doc__, f"{cls.__name__}.{name}"


def test_nothing_stays_open(path: str) -> None:
    gc.collect()
    dbapi2.connect(path).close()
    counts = _binding.open_count()
    for _ in range(20):
        connection = dbapi2.connect(path)
        cursor = connection.execute("INSERT INTO kv VALUES ('a', '1')")
        cursor = connection.execute("SELECT * FROM kv")
        with pytest.raises(dbapi2.ProgrammingError):
            connection.execute("SELEKT")
        del connection, cursor
        gc.collect()  # the exception holds its frames
    assert _binding.open_count() == counts
    assert count(path) == 0


@pytest.mark.parametrize("seconds", [2_000_000, 1 << 70, float("inf"), 1e300])
def test_the_longest_timeout(path: str, seconds: float) -> None:
    writer, waiter = dbapi2.connect(path), dbapi2.connect(path, timeout=seconds)
    assert waiter._open().config(1001, -1) == 2**30
    writer.execute("INSERT INTO kv VALUES ('a', '1')")
    commit = threading.Timer(0.2, writer.commit)
    commit.start()
    waiter.execute("INSERT INTO kv VALUES ('b', '2')")
    waiter.commit()
    commit.join()
    assert waiter.execute("SELECT count(*) FROM kv").fetchone() == (2,)
    writer.close()
    waiter.close()
    with lsmlite.LSM(path, busy_timeout=2**31 - 1) as db:
        assert db.busy_timeout == 2**30


@pytest.mark.parametrize("seconds", [0, -1, -1e300, float("-inf")])
def test_the_shortest_timeout(path: str, seconds: float) -> None:
    connection = dbapi2.connect(path, timeout=seconds)
    assert connection._open().config(1001, -1) == 0
    connection.close()


def test_a_timeout_that_is_not_a_number(path: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        dbapi2.connect(path, timeout=float("nan"))


@pytest.mark.parametrize(
    ("statements", "stays"),
    [
        (["BEGIN", "ROLLBACK -- back TO the start"], False),
        (["BEGIN", "ROLLBACK /* TO\n*/ ;"], False),
        (["SAVEPOINT s", "ROLLBACK TO s"], True),
        (["SAVEPOINT s", "ROLLBACK /* */ TO -- here\n s"], True),
        (["SAVEPOINT s", "RELEASE s -- TO t"], False),
        (["SAVEPOINT \"a -- b\"", "RELEASE \"a -- b\""], False),
        (["SAVEPOINT \"x b\"", "SAVEPOINT \"y b\"", "RELEASE \"y b\""], True),
        (["SAVEPOINT s", "SAVEPOINT \"s;\"", "RELEASE \"s;\""], True),
        (["SAVEPOINT Abc", "RELEASE [aBC]"], False),
    ],
    ids=str,
)
def test_comments_and_names_are_not_taken_for_grammar(path: str, statements: list[str], stays: bool) -> None:
    connection = dbapi2.connect(path, autocommit=True)
    for statement in statements:
        connection.execute(statement)
    assert connection.in_transaction is stays
    # The database says the same: it has a transaction to end, or none.
    try:
        connection.execute("COMMIT")
        ended = True
    except dbapi2.ProgrammingError:
        ended = False
    assert ended is stays and not connection.in_transaction
    connection.close()


def test_parameters_that_are_missing_or_none(connection: dbapi2.Connection) -> None:
    for parameters, text in [((), "parameter 1 of 2 is missing"), (("k",), "parameter 2 of 2 is missing"),
                             (("k", "v", "w"), "parameter 3; the statement has 2"), (("k", None), "no NULL")]:
        with pytest.raises(dbapi2.ProgrammingError, match=text) as caught:
            connection.execute("INSERT INTO kv VALUES (?, ?)", parameters)
        assert "[]byte" not in str(caught.value) and "nil" not in str(caught.value)
        assert caught.value.code == 21 and caught.value.detail == str(caught.value)
    connection.rollback()
    assert connection.execute("SELECT count(*) FROM kv").fetchone() == (3,)
