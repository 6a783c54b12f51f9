# SPDX-License-Identifier: Apache-2.0
"""Files that others wrote, and files for others: C lsm1, Go programs, python-lsm-db."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lsmlite

GOLDEN = Path(__file__).resolve().parents[2] / "engine" / "testdata" / "golden"


def matches(row: dict[str, Any], key: bytes, value: bytes) -> bool:
    if key.hex() != row["k"]:
        return False
    if "v" in row:
        return bool(value.hex() == row["v"])
    return len(value) == row["n"] and hashlib.sha256(value).hexdigest() == row["sha256"]


@pytest.mark.skipif(not GOLDEN.exists(), reason="there is no clone of the repository around the tests")
@pytest.mark.parametrize("name", sorted(p.stem for p in GOLDEN.glob("*.jsonl")))
def test_files_of_c_lsm1(name: str, path: str) -> None:
    """Merges half done, logs not yet read, ranges deleted: all rows, in both orders, and writes after them."""
    for suffix in ("", "-log"):
        file = GOLDEN / f"{name}.db{suffix}"
        if file.exists():
            shutil.copy(file, path + suffix)
    rows = [json.loads(line) for line in (GOLDEN / f"{name}.jsonl").read_text().splitlines() if line.strip()]
    with lsmlite.LSM(path) as db:
        found = list(db)
        assert len(found) == len(rows)
        for row, (key, value) in zip(rows, found):
            assert matches(row, key, value)
        assert list(reversed(db)) == found[::-1]
        for key, value in found[:: len(found) // 50 + 1]:
            assert db[key] == value
        db["\xff new"] = "row"
        db.flush()
        db.work()
        db.checkpoint()
    with lsmlite.LSM(path) as db:
        assert dict(db) == {**dict(found), "\xff new".encode(): b"row"}


def rows_of(who: str, n: int = 3000) -> dict[bytes, bytes]:
    """Returns the rows that who writes: every 7th of them is long."""
    return {f"{who}/{i:05}".encode(): (who.encode() + str(i).encode()) * (500 if i % 7 == 0 else 1) for i in range(n)}


@pytest.mark.skipif("LSMLITE_FROM_GO" not in os.environ, reason="no Go program has written a file for this test")
def test_a_file_of_go() -> None:
    """A program in Go wrote and closed one file, and left another one as a process does that is killed."""
    for suffix in ("", "2"):
        with lsmlite.LSM(os.environ["LSMLITE_FROM_GO"] + suffix) as db:
            assert dict(db) == rows_of("go")


@pytest.mark.skipif("LSMLITE_FOR_GO" not in os.environ, reason="no Go program waits for a file")
def test_a_file_for_go() -> None:
    with lsmlite.LSM(os.environ["LSMLITE_FOR_GO"]) as db:
        with db.transaction():
            db.update(rows_of("python"))
            db["python/deleted"] = "x"
        db.delete_range("python/00099", "python/00200")
        del db["python/deleted"]


PEER = os.environ.get("LSMLITE_PEER", "")


@pytest.mark.skipif(not PEER, reason="LSMLITE_PEER names no folder with python-lsm-db")
def test_a_file_that_both_packages_write(path: str) -> None:
    """Each writes in turn what the other then finds, in a process of its own."""
    code = """
import importlib, sys
module = importlib.import_module(sys.argv[1])
turn = int(sys.argv[3])
db = module.LSM(sys.argv[2])
assert len(list(db.keys())) == turn * 400, (turn, len(list(db.keys())))
for k, v in db:
    assert v == k * 50, k
for i in range(500):
    k = ('%d/%05d' % (turn, i)).encode()
    db[k] = k * 50
del db['%d/00399' % turn:'%d/00500' % turn]
del db['%d/00399' % turn]
db['%d/00399' % turn] = ('%d/00399' % turn) * 50
if turn % 3 != 2:
    db.close()
else:
    import os; sys.stdout.flush(); os._exit(0)
"""
    for turn in range(8):
        name = "lsm" if turn % 2 else "lsmlite"
        environment = dict(os.environ)
        if name == "lsm":
            environment["PYTHONPATH"] = PEER
        done = subprocess.run([sys.executable, "-c", code, name, path, str(turn)], env=environment, text=True,
                              capture_output=True, timeout=120)
        assert done.returncode == 0, f"turn {turn}: {done.stderr}"
