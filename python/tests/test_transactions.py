# SPDX-License-Identifier: Apache-2.0
"""Transactions of dbapi2, whatever begins and ends them: statements in any spelling, calls, and interrupts."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from lsmlite import _binding, dbapi2

Rows = dict[bytes, bytes]


class Model:
    """What a connection does, in two dicts: the rows that are committed, and those that it sees itself."""

    def __init__(self) -> None:
        self.committed: Rows = {}
        self.rows: Rows = {}
        self.open = self.by_savepoint = False
        self.saves: list[tuple[str, Rows]] = []

    def end(self, rows: Rows) -> None:
        self.committed, self.rows, self.open, self.saves = dict(rows), dict(rows), False, []

    def begin(self) -> bool:
        if self.open:
            return False
        self.open, self.by_savepoint = True, False
        return True

    def commit(self) -> bool:
        was, rows = self.open, self.rows
        if was:
            self.end(rows)
        return was

    def rollback(self) -> bool:
        was, rows = self.open, self.committed
        if was:
            self.end(rows)
        return was

    def savepoint(self, name: str) -> bool:
        if not self.open:
            self.open = self.by_savepoint = True
        self.saves.append((name, dict(self.rows)))
        return True

    def _find(self, name: str) -> int:
        return max((i for i, save in enumerate(self.saves) if save[0] == name), default=-1)

    def release(self, name: str) -> bool:
        i = self._find(name)
        if i == 0 and self.by_savepoint:
            return self.commit()
        self.saves = self.saves[: max(i, 0)] if i >= 0 else self.saves
        return i >= 0

    def rollback_to(self, name: str) -> bool:
        i = self._find(name)
        if i >= 0:
            self.rows = dict(self.saves[i][1])
            self.saves = self.saves[: i + 1]
        return i >= 0

    def put(self, key: bytes, value: bytes) -> bool:
        self.rows[key] = value
        if not self.open:
            self.committed[key] = value
        return True


BLANKS = [" ", "\n", "\t ", "/* TO s; */", "-- RELEASE 's\n", "/**/", " \ufeff", " /* \" */ "]
NAMES = ["s", "S", "t", "\u00e9", "\u00c9", "to", "a b", "x;y", "--z", "/*", "it's", "q\"q", "b`b", "RELEASE"]
BARE = NAMES[:5]


def folded(name: str) -> str:
    """Returns a name as the database compares it: only letters of ASCII have two cases."""
    return "".join(c.lower() if c.isascii() else c for c in name)


def spelled(rng: random.Random, words: str, name: str | None = None) -> str:
    """Returns a statement with blanks, comments, cases and quotes of all kinds."""

    def blank(least: int) -> str:
        return "".join(rng.choice(BLANKS) for _ in range(rng.randint(least, 2)))

    text = blank(0)
    for i, word in enumerate(words.split()):
        text += (blank(1) if i else "") + rng.choice([word, word.lower(), word.title()])
    if name is not None:
        if name in BARE and rng.random() < 0.4:
            text += blank(1) + name
        else:
            mark = rng.choice("\"'`[")
            text += blank(0) + (f"[{name}]" if mark == "[" else mark + name.replace(mark, mark * 2) + mark)
    return text + rng.choice(["", ";", " ;\n; ", "-- TO t", " /* to"])


def knows(connection: dbapi2.Connection) -> bool:
    """Whether the database has a transaction open, as it shows: another BEGIN is refused, or not."""
    statement = _binding.Statement(connection._open(), b"BEGIN")
    try:
        statement.fetch(1)
    except Exception as e:
        assert "a transaction is open already" in str(getattr(e, "detail", e))
        return True
    finally:
        statement.close()
    statement = _binding.Statement(connection._open(), b"ROLLBACK")
    statement.fetch(1)
    statement.close()
    return False


def step(rng: random.Random, connection: dbapi2.Connection, model: Model) -> str:
    """Does something at random to both, and returns what. Both must refuse it, or neither."""
    kind = rng.choice(["BEGIN", "COMMIT", "ROLLBACK", "call", "put", "put", "put", *["SAVEPOINT", "RELEASE", "TO"] * 3])
    name = rng.choice(NAMES)
    if kind == "call":
        if rng.random() < 0.5:
            connection.commit()
            model.commit()
            return "commit()"
        connection.rollback()
        model.rollback()
        return "rollback()"
    if not connection.autocommit and kind in ("put", "SAVEPOINT"):
        model.begin()
    parameters: tuple[bytes, ...] = ()
    if kind == "put":
        parameters = bytes([rng.randrange(97, 103)]), b"%d" % rng.randrange(1000)
        text, goes = rng.choice(BLANKS) + "INSERT INTO kv VALUES (?, ?)", model.put(*parameters)
    elif kind == "BEGIN":
        text, goes = spelled(rng, rng.choice(["BEGIN", "BEGIN IMMEDIATE", "BEGIN TRANSACTION", "BEGIN DEFERRED"])), model.begin()
    elif kind == "COMMIT":
        text, goes = spelled(rng, rng.choice(["COMMIT", "END", "COMMIT TRANSACTION", "END TRANSACTION"])), model.commit()
    elif kind == "ROLLBACK":
        text, goes = spelled(rng, rng.choice(["ROLLBACK", "ROLLBACK TRANSACTION"])), model.rollback()
    elif kind == "SAVEPOINT":
        text, goes = spelled(rng, "SAVEPOINT", name), model.savepoint(folded(name))
    elif kind == "RELEASE":
        text, goes = spelled(rng, rng.choice(["RELEASE", "RELEASE SAVEPOINT"]), name), model.release(folded(name))
    else:
        words = rng.choice(["ROLLBACK TO", "ROLLBACK TO SAVEPOINT", "ROLLBACK TRANSACTION TO"])
        text, goes = spelled(rng, words, name), model.rollback_to(folded(name))
    try:
        connection.execute(text, parameters)
        went = True
    except dbapi2.ProgrammingError as e:
        assert e.code & 255 == 21, f"{text!r}: {e}"  # a mistake at this place, and not in how it is spelled
        went = False
    assert went is goes, f"{text!r} is refused: {not went}"
    return f"{text!r} {parameters}"


@pytest.mark.parametrize("autocommit", [False, True])
def test_random_sequences_in_odd_spellings(path: str, autocommit: bool) -> None:
    in_one = 0
    for seed in range(120):
        rng, model = random.Random(seed), Model()
        file = f"{path}{seed}"
        connection = dbapi2.connect(file, autocommit=autocommit)
        done: list[str] = []
        try:
            for _ in range(25):
                done.append(step(rng, connection, model))
                assert connection.in_transaction is model.open is knows(connection)
                assert dict(connection.execute("SELECT key, value FROM kv").fetchall()) == model.rows
            in_one += model.open and len(model.rows) > 0
            if seed % 3:
                connection.commit()
                model.commit()
            connection.close()
            connection = dbapi2.connect(file)
            assert dict(connection.execute("SELECT key, value FROM kv").fetchall()) == model.committed
        except AssertionError as e:
            raise AssertionError(f"seed {seed}: {done}") from e
        finally:
            connection.close()
    assert in_one > 10, "few sequences end in a transaction"


@pytest.mark.parametrize("autocommit, statements", [
    (True, ["SAVEPOINT s", "INSERT INTO kv VALUES ('a', '1')", "SAVEPOINT s", "RELEASE s"]),
    (True, ["SAVEPOINT s", "INSERT INTO kv VALUES ('a', '1')", "SAVEPOINT t", "ROLLBACK TO\"t\""]),
    (False, ["INSERT INTO kv VALUES ('a', '1')", "SAVEPOINT s", "ROLLBACK TO\"s\""]),
    (True, ["SAVEPOINT [s]", "INSERT INTO kv VALUES ('a', '1')", "RELEASE SAVEPOINT\"s\""]),
])
def test_what_commit_has_committed_is_there(path: str, autocommit: bool, statements: list[str]) -> None:
    connection = dbapi2.connect(path, autocommit=autocommit)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    assert not connection.in_transaction
    connection.close()
    connection = dbapi2.connect(path)
    assert connection.execute("SELECT key FROM kv").fetchall() == [(b"a",)]
    connection.close()


def test_a_name_in_another_case_of_letters_beyond_ascii_is_another_name(path: str) -> None:
    connection = dbapi2.connect(path, autocommit=True)
    connection.execute("SAVEPOINT \u00e9")
    with pytest.raises(dbapi2.ProgrammingError, match="no such savepoint"):
        connection.execute("RELEASE \u00c9")
    assert connection.in_transaction
    connection.execute("RELEASE \u00e9")
    assert not connection.in_transaction
    connection.close()


@pytest.mark.parametrize("after", ["BEGIN", "COMMIT", "ROLLBACK"])
def test_an_interrupt_right_after_a_transaction_begins_or_ends(
    path: str, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """What the database has done is known, also if Ctrl-C came before anything here could take note of it."""
    connection = dbapi2.connect(path)
    run = connection._run

    def interrupted(operation: str) -> None:
        run(operation)
        if operation == after:
            raise KeyboardInterrupt

    monkeypatch.setattr(connection, "_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        connection.execute("INSERT INTO kv VALUES ('a', '1')")
        connection.commit()
        connection.execute("DELETE FROM kv")
        connection.rollback()
    monkeypatch.undo()
    assert connection.in_transaction is knows(connection) is (after == "BEGIN")
    connection.rollback()
    assert not connection.in_transaction
    other = dbapi2.connect(path, timeout=0)
    other.execute("INSERT INTO kv VALUES ('b', '2')")
    other.commit()
    other.close()
    connection.execute("INSERT INTO kv VALUES ('c', '3')")
    connection.commit()
    want = [(b"b",), (b"c",)] if after == "BEGIN" else [(b"a",), (b"b",), (b"c",)]
    assert connection.execute("SELECT key FROM kv").fetchall() == want
    connection.close()


def test_an_interrupt_while_a_statement_waits_for_another_writer(path: str) -> None:
    holder, connection = dbapi2.connect(path), dbapi2.connect(path, timeout=30)
    holder.execute("INSERT INTO kv VALUES ('a', '1')")
    reached = threading.Event()

    def interrupt() -> None:
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        reached.set()
        holder.commit()

    thread = threading.Thread(target=interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            thread.start()
            connection.execute("INSERT INTO kv VALUES ('b', '2')")
            reached.wait(30)
    finally:
        thread.join(30)
        signal.signal(signal.SIGINT, before)
    assert connection.in_transaction is knows(connection)
    connection.rollback()
    connection.execute("INSERT INTO kv VALUES ('c', '3')")
    connection.commit()
    assert connection.execute("SELECT key FROM kv").fetchall() == [(b"a",), (b"c",)]
    connection.close()
    holder.close()


OTHER = """
import sys
from lsmlite import dbapi2
for readonly in (0, 1):
    try:
        dbapi2.connect(sys.argv[1], readonly=readonly).close()
        print("opened")
    except dbapi2.OperationalError as e:
        print(e.code & 255)
"""


def test_what_another_process_may_open(path: str) -> None:
    """As docs/python.md has it, of handles that write, of those that share their database, and of those that do not."""

    def other() -> list[str]:
        done = subprocess.run([sys.executable, "-c", OTHER, path], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    def reader() -> Any:
        return dbapi2.connect(path, readonly=1)

    writer = dbapi2.connect(path)
    writer.execute("INSERT INTO kv VALUES ('a', '1')")
    writer.commit()
    assert other() == ["5", "5"]
    sharing = reader()
    writer.close()
    assert other() == ["5", "5"]
    sharing.close()
    alone = reader()
    assert other() == ["opened", "opened"]
    assert alone.execute("SELECT key FROM kv").fetchall() == [(b"a",)]
    alone.close()
