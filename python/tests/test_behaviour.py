# SPDX-License-Identifier: Apache-2.0
"""Runs table.py: on lsmlite and, if LSMLITE_PEER names a folder that has it, on python-lsm-db."""

from __future__ import annotations

import ast
import copy
import gc
import os
import pathlib
import pickle
import sys
from types import ModuleType
from typing import Any

import pytest
import table

import lsmlite
from lsmlite import _binding, dbapi2

ROWS = dict(zip(("aa", "bb", "bbb", "dd", "zz"), "12345"))


def outcome_of(module: ModuleType, code: str, path: str) -> Any:
    """Runs the code of a case, and returns what comes out."""
    db = module.LSM(path)
    for key, value in ROWS.items():
        db[key] = value
    names = {name: getattr(module, name) for name in dir(module) if name.startswith(("SEEK_", "SAFETY_"))}
    names.update(lsm=module, db=db, path=path, os=os, pathlib=pathlib)
    body = ast.parse(code).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    try:
        exec(compile(ast.Module(body, []), "case", "exec"), names)
        return None if last is None else eval(compile(ast.Expression(last.value), "case", "eval"), names)
    except Exception as e:
        return table.raises(type(e), e.args[0] if e.args else None)


def check(outcome: Any, want: Any) -> None:
    if isinstance(want, table.raises):
        assert isinstance(outcome, table.raises), f"{outcome!r} and no exception"
        assert issubclass(outcome.error, want.error)
        if want.argument is not None:
            assert outcome.argument == want.argument
    else:
        assert outcome == want


def name_of(case: table.case) -> str:
    return case.code.strip().replace("\n", " ")[:90]


CASES = [c for c in table.CASES if c is not None]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_case(case: table.case, path: str) -> None:
    check(outcome_of(lsmlite, case.code, path), case.outcome)


PEER = os.environ.get("LSMLITE_PEER")


@pytest.mark.skipif(not PEER, reason="LSMLITE_PEER names no folder with python-lsm-db")
@pytest.mark.parametrize("case", CASES if PEER else CASES[:1], ids=name_of)
def test_case_on_the_peer(case: table.case, path: str) -> None:
    if case.peer is table.CRASH or case.peer is table.NEW:
        return
    sys.path.insert(0, PEER or "")
    try:
        import lsm
    finally:
        sys.path.pop(0)
    check(outcome_of(lsm, case.code, path), case.outcome if case.peer is None else case.peer[0])


@pytest.mark.skipif("LSMLITE_INSTALLED" not in os.environ, reason="the package is not installed")
def test_what_is_tested_is_what_was_installed() -> None:
    assert pathlib.Path(lsmlite.__file__).is_relative_to(os.environ["LSMLITE_INSTALLED"])
    assert lsmlite.BINDING == os.environ.get("LSMLITE_BINDING", "native")


def test_the_table_has_every_method() -> None:
    """What python-lsm-db offers, and what the package adds, is called by some case."""
    text = "\n".join(c.code for c in CASES)
    for cls in (lsmlite.LSM, lsmlite.Cursor, lsmlite.Transaction):
        for name in dir(cls):
            if name.startswith("_") or name in INTERNAL:
                continue
            assert f".{name}" in text or f"{name}=" in text, f"no case has {cls.__name__}.{name}"


# What the classes take from the calls of the library, and what has tests of its own.
INTERNAL = {"open_file", "close_file", "config", "info", "put_rows", "add_number", "write_checkpoint", "write_backup",
            "statements_in_transaction", "backup", "is_open"}


def test_a_backup_goes_to_the_file_that_was_named(path: str, db: lsmlite.LSM) -> None:
    db["k"] = "v"
    copy = path + "-copy"
    pathlib.Path(copy).write_bytes(b"another file")
    for name in (copy + "\0more", copy.encode() + b"\0", copy + "2\0"):
        for replace in (False, True):
            with pytest.raises(ValueError, match="null byte"):
                db.backup(name, replace)
    assert pathlib.Path(copy).read_bytes() == b"another file" and not os.path.exists(copy + "2")


@pytest.mark.parametrize(
    ("row", "want"),
    [
        (("a", "1"), (b"a", b"1")), (["a", "1"], (b"a", b"1")), ({"a": 0, "1": 0}.keys(), (b"a", b"1")), ("a1", (b"a", b"1")),
        ({"a": 0, "1": 0}, (b"a", b"1")), (("a",), "1 items"), ((), "0 items"), (("a", "1", "2"), "3 items"),
        ("abc", "3 items"), (5, "int"), (None, "NoneType"), (("a", None), "NoneType"),
    ],
    ids=repr,
)
def test_update_takes_pairs_of_any_kind(db: lsmlite.LSM, row: Any, want: Any) -> None:
    if isinstance(want, tuple):
        db.update([("b", "2"), row])
        assert list(db) == [want, (b"b", b"2")]
        return
    with pytest.raises(TypeError, match=want):
        db.update([("b", "2"), row])
    assert list(db) == []


def test_what_is_open_is_not_copied(path: str) -> None:
    db = lsmlite.LSM(path)
    db["k"] = "v"
    cursor, closed = db.cursor(), lsmlite.LSM(path + "2", open_database=False)
    cursor.first()
    connection = dbapi2.connect(path)
    row = connection.execute("SELECT key FROM kv")
    loops = [iter(db), db[:], db.keys(), lsmlite._binding.Rows(cursor, 0, None)]
    for o in [db, closed, cursor, connection, row, connection._statements, *loops]:
        for copied in (copy.copy, copy.deepcopy, pickle.dumps):
            if o is connection._statements and copied is copy.copy:
                continue  # a set of the same objects
            with pytest.raises(TypeError):
                copied(o)
    gc.collect()
    assert next(loops[0]) == (b"k", b"v") and cursor.key() == b"k" and row.fetchall() == [(b"k",)]
    del loops, o
    cursor.close()
    connection.close()
    assert db.close()


@pytest.mark.parametrize("part", ["cursor", "loop", "statement", "connection"])
def test_garbage_in_a_cycle_is_closed(path: str, part: str) -> None:
    """A handle and what is open of it are collected together, in any order. Their transaction is undone."""

    class Node:
        pass

    gc.collect()
    _binding.load()
    before = _binding.open_count()
    for _ in range(5):
        node: Any = Node()
        node.itself = node
        if part == "connection":
            node.db = dbapi2.connect(path)
            node.db.execute("INSERT INTO kv VALUES ('k', 'v')")
            node.part = node.db.execute("SELECT key FROM kv")
        else:
            node.db = lsmlite.LSM(path)
            node.db["a"] = node.db["b"] = "v"
            node.db.begin()
            node.db["k"] = "v"
            if part == "cursor":
                node.part = node.db.cursor()
                node.part.first()
            elif part == "loop":
                node.part = iter(node.db)
                next(node.part)
            else:
                node.db.commit()
                del node.db["k"]
                for text in (b"BEGIN", b"INSERT INTO kv VALUES ('k', 'v')", b"SELECT key FROM kv"):
                    node.part = _binding.Statement(node.db, text)
                    node.part.fetch(1)
        del node
        gc.collect()
        assert _binding.open_count() == before
        with lsmlite.LSM(path, busy_timeout=0) as db:
            db["other"] = "1"
            assert "k" not in db


def test_what_is_no_integer_is_refused_before_anything_is_read(db: lsmlite.LSM) -> None:
    def keys() -> Any:
        raise AssertionError("a key was asked for")
        yield

    cursor = db.cursor()
    for number in (1.5, "x", None):
        for call in (lambda: db.work(number), lambda: db.work(1, number), lambda: db.fetch_bulk(keys(), number),
                     lambda: db.fetch("k", number), lambda: cursor.seek("k", number), lambda: db.incr("k", number),
                     lambda: cursor.compare("k", number)):
            with pytest.raises(TypeError, match="integer"):
                call()
    cursor.close()


def test_numbers_are_not_cut_to_32_bits(path: str, db: lsmlite.LSM) -> None:
    cursor = db.cursor()
    for number in (2**32, 2**31, -(2**31) - 1, 2**40):
        for call in (lambda: db.work(number), lambda: db.work(1, number), lambda: db.fetch("k", number),
                     lambda: db["k", number], lambda: db.fetch_bulk(["k"], number), lambda: cursor.seek("k", number),
                     lambda: db.config(1001, number)):
            with pytest.raises(OverflowError):
                call()
        with pytest.raises(dbapi2.DataError):
            dbapi2.connect(path + "2", cache_size=number)
    cursor.close()
