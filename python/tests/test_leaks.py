# SPDX-License-Identifier: Apache-2.0
"""Handles, cursors and memory that the package would leave behind."""

from __future__ import annotations

import gc
import os
import resource
from typing import Any, Callable

import pytest

import lsmlite
from lsmlite import _binding

PAGE = resource.getpagesize()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def resident() -> int:
    """Returns how many bytes of memory the process has."""
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * PAGE


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Any:
    gc.collect()
    lsmlite.LSM("unused", open_database=False)
    _binding.load()
    counts = _binding.open_count()
    yield
    gc.collect()
    assert _binding.open_count() == counts


def test_handles_that_are_dropped(path: str) -> None:
    files = open_files()
    for _ in range(20):
        db = lsmlite.LSM(path)
        db.begin()
        db["k"] = "v"
        cursor = db.cursor()
        cursor.first()
        rows = iter(db)
        next(rows)
        del db, cursor, rows
    gc.collect()
    assert open_files() <= files
    with lsmlite.LSM(path) as db:
        assert "k" not in db, "a transaction that was dropped is there"


def test_handles_that_cannot_be_opened(path: str, tmp_path: Any) -> None:
    bad = tmp_path / "bad.lsm"
    bad.write_bytes(b"no database" * 1000)
    files = open_files()
    for name in (str(tmp_path / "missing" / "x.lsm"), str(tmp_path), str(bad)):
        for _ in range(5):
            with pytest.raises(lsmlite.Error):
                lsmlite.LSM(name)
    gc.collect()
    assert open_files() <= files


def test_loops_that_end_early(db: lsmlite.LSM) -> None:
    db.update((f"{i:04}", "v") for i in range(500))
    for _ in range(50):
        next(iter(db))
        next(db["0100":"0200"])
        next(db.keys())
        next(reversed(db))
    gc.collect()
    assert db.close()


def grows(work: Callable[[], Any], times: int) -> int:
    """Returns by how many bytes the process grows while a function runs again and again, after it has warmed up: the
    least of three rounds, because the collector of the library takes memory now and then, and a leak is in each."""
    sizes = []
    for _ in range(4):
        for _ in range(times):
            work()
        gc.collect()
        sizes.append(resident())
    return min(later - before for before, later in zip(sizes, sizes[1:]))


# What may be left each time, on average, is less than any object that is made; a page here and there is no leak.
TIMES, EACH, AT_LEAST = 20000, 256, 1 << 20
VALUE = b"v" * 2000


@pytest.mark.parametrize("name", ["fetch", "missing", "insert", "cursor", "loop", "errors", "bulk"])
def test_memory(db: lsmlite.LSM, name: str) -> None:
    db.autoflush = 1024
    db.update((f"{i:04}", VALUE) for i in range(100))
    cursor = db.cursor()

    def misuse() -> None:
        try:
            cursor.next()
        except lsmlite.MisuseError:
            pass

    work, times = {
        "fetch": (lambda: db["0050"], TIMES),
        "missing": (lambda: db.get(VALUE), TIMES),
        "insert": (lambda: db.insert("0050", VALUE), TIMES // 4),
        "cursor": (lambda: db.cursor().close(), TIMES // 4),
        "loop": (lambda: list(db), TIMES // 100),
        "errors": (misuse, TIMES),
        "bulk": (lambda: db.fetch_bulk(["0001", "0002", VALUE]), TIMES // 4),
    }[name]
    if lsmlite.BINDING == "ctypes":
        times //= 4
    growth = grows(work, times)
    cursor.close()
    assert growth < max(EACH * times, AT_LEAST), f"{growth >> 10} KB after {times} times"
