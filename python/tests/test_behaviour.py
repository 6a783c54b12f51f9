# SPDX-License-Identifier: Apache-2.0
"""Runs table.py: on lsmlite and, if LSMLITE_PEER names a folder that has it, on python-lsm-db."""

from __future__ import annotations

import ast
import os
import pathlib
import sys
from types import ModuleType
from typing import Any

import pytest
import table

import lsmlite

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
            "backup", "is_open"}
