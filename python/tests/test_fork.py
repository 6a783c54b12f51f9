# SPDX-License-Identifier: Apache-2.0
"""Processes that were forked: one that had a database open cannot use the library, and says so."""

from __future__ import annotations

import subprocess
import sys

# What each of them prints is compared; a child that hangs is killed by the time limit.
OPEN_BEFORE = """
import gc, os, sys, lsmlite
db = lsmlite.LSM(sys.argv[1]); db["a"] = "parent"
c = db.cursor(); c.first()
rows = iter(db); next(rows)
pid = os.fork()
if pid == 0:
    calls = [
        lambda: db["a"], lambda: db.__setitem__("a", "child"), lambda: db.begin(), lambda: list(db),
        lambda: c.key(), lambda: c.first(), lambda: db.flush(), lambda: db.page_size, lambda: lsmlite.LSM(sys.argv[1]),
        lambda: db.cursor(),
    ]
    for i, call in enumerate(calls):
        try:
            print(i, call())
        except lsmlite.MisuseError as e:
            assert "fork" in e.detail, e.detail
    print(c.close(), db.close(), db.is_open)
    del c, rows, db, calls, call
    gc.collect()
    print("child done", flush=True)
    sys.exit(0)
assert os.waitpid(pid, 0)[1] == 0
rows.close(); c.close()
print(db["a"], db.close())
"""

OPEN_AFTER = """
import os, sys, lsmlite
pid = os.fork()
db = lsmlite.LSM(sys.argv[1] + str(pid == 0)); db["a"] = "b"
os.write(1, b"%r %r\\n" % (db["a"], db.close()))  # in one piece: the other process writes, too
if pid:
    assert os.waitpid(pid, 0)[1] == 0
"""

SPAWNED = """
import multiprocessing, sys, lsmlite
def work(path):
    with lsmlite.LSM(path) as db:
        return db["a"]
if __name__ == "__main__":
    with lsmlite.LSM(sys.argv[1]) as db:
        db["a"] = "b"
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(work, [sys.argv[1]]))
"""


def run(code: str, path: str, file: str | None = None) -> str:
    command = [sys.executable, "-c", code, path]
    if file is not None:
        with open(file, "w") as f:
            f.write(code)
        command = [sys.executable, file, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_child_of_a_process_with_an_open_database(path: str) -> None:
    assert run(OPEN_BEFORE, path) == "True True False\nchild done\nb'parent' True\n"


def test_a_child_of_a_process_that_has_imported_only(path: str) -> None:
    assert run(OPEN_AFTER, path) == "b'b' True\nb'b' True\n"


def test_a_pool_of_processes_that_are_spawned(path: str) -> None:
    assert run(SPAWNED, path, path + ".py") == "[b'b']\n"
