# SPDX-License-Identifier: Apache-2.0
"""Threads: those that share a handle, those that have one each, and what runs while the library works."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any, Callable, Iterator

import pytest

import lsmlite


def run(*functions: Callable[[], Any]) -> None:
    """Runs functions in threads, and raises what one of them raises."""
    errors: list[BaseException] = []

    def guard(function: Callable[[], Any]) -> None:
        try:
            function()
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=guard, args=(f,)) for f in functions]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
        assert not t.is_alive(), "a thread hangs"
    if errors:
        raise errors[0]


def test_one_handle_for_all_threads(db: lsmlite.LSM) -> None:
    def work(number: int) -> None:
        for i in range(100):
            db[f"{number}/{i:03}"] = str(i)
            assert db[f"{number}/{i:03}"] == str(i).encode()
            if i % 10 == 0:
                rows = list(db[f"{number}/":f"{number}/~"])
                assert len(rows) == i + 1
                assert [k for k, _ in rows] == sorted(k for k, _ in rows)

    run(*(lambda n=n: work(n) for n in range(6)))
    assert len(list(db.keys())) == 600


def test_one_loop_and_one_cursor_for_all_threads(db: lsmlite.LSM) -> None:
    """Which thread gets which row is open, but each row is whole: a key with its own value."""
    db.update((f"{i:05}", f"{i:05}" * 20) for i in range(3000))
    seen: list[tuple[bytes, bytes]] = []

    def drain(rows: Iterator[tuple[bytes, bytes]]) -> None:
        try:
            seen.extend(rows)
        except lsmlite.MisuseError:  # another thread has ended the loop
            pass
        except ValueError as e:  # ctypes: as Python's generators have it
            assert "already executing" in str(e)

    def write() -> None:
        for i in range(300):
            db[f"{i * 10:05}"] = f"{i * 10:05}" * 20
            db.get("x")

    with db.cursor() as cursor:
        for rows in (iter(db), db["00000":"02999"], iter(cursor), reversed(db)):
            run(*(lambda rows=rows: drain(rows) for _ in range(3)), write)
    assert len(seen) >= 1000
    assert all(value == key * 20 for key, value in seen)


def test_counting_from_all_threads_loses_nothing(db: lsmlite.LSM) -> None:
    run(*(lambda: [db.incr("n") for _ in range(200)] for _ in range(5)))
    assert db.incr("n", 0) == 1000


def test_a_handle_for_each_thread(path: str, db: lsmlite.LSM) -> None:
    def work(number: int) -> None:
        with lsmlite.LSM(path, busy_timeout=30000) as mine:
            for i in range(50):
                with mine.transaction():
                    mine[f"{number}/{i}"] = "v"
                    mine.incr("n")

    run(*(lambda n=n: work(n) for n in range(4)))
    assert db.incr("n", 0) == 200


def test_a_closed_handle_in_another_thread(db: lsmlite.LSM) -> None:
    db.update((f"{i:05}", "v") for i in range(1000))

    def read() -> None:
        try:
            while True:
                for _ in db:
                    pass
                time.sleep(0.01)  # a loop has a cursor open, and with a cursor open nothing can be closed
        except lsmlite.MisuseError:
            pass

    def close() -> None:
        time.sleep(0.05)
        while True:
            try:
                db.close()
                return
            except OSError:
                time.sleep(0.0005)

    run(read, close)
    assert not db.is_open


def test_waiting_for_a_writer_does_not_stop_other_threads(path: str, db: lsmlite.LSM) -> None:
    other = lsmlite.LSM(path, busy_timeout=20000)
    ticks = []
    db.begin()
    db["k"] = "first"

    def wait() -> None:
        other["k"] = "second"

    def tick() -> None:
        for _ in range(20):
            ticks.append(time.monotonic())
            time.sleep(0.01)
        db.commit()

    run(wait, tick)
    assert len(ticks) == 20
    assert db["k"] == b"second"
    other.close()


def test_a_loop_can_be_interrupted(path: str) -> None:
    """Ctrl-C reaches the program while it reads, and what comes after works."""
    code = """
import os, signal, sys, threading, lsmlite
db = lsmlite.LSM(sys.argv[1])
db.update((f"{i:05}", "v") for i in range(1000))
threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    while True:
        for _ in db: pass
except KeyboardInterrupt:
    pass
print(len(list(db)), db.close())
"""
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60)
    assert done.stdout == "1000 True\n", done.stderr


def test_an_interrupt_right_after_a_call(db: lsmlite.LSM, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the library has made is closed, also if Ctrl-C comes before anybody has seen that it is there."""
    if lsmlite.BINDING != "ctypes":
        pytest.skip("an interrupt comes between steps of Python's, and the extension has none there")
    from lsmlite import _binding, _fallback

    class Interrupted:
        def __init__(self, lib: Any) -> None:
            self.lib = lib

        def __getattr__(self, name: str) -> Any:
            function = getattr(self.lib, name)
            if name not in ("lsm_csr_open", "lsmlite_prepare"):
                return function

            def call(*arguments: Any) -> int:
                function(*arguments)
                raise KeyboardInterrupt

            return call

    db["k"] = "v"
    before = _binding.open_count()
    with monkeypatch.context() as patch:
        patch.setattr(_fallback, "_lib", Interrupted(_fallback._lib))
        for work in (
            db.cursor,
            lambda: list(db),
            lambda: db.fetch("k", lsmlite.SEEK_GE),
            lambda: _fallback.Statement(db, b"BEGIN"),
        ):
            with pytest.raises(KeyboardInterrupt):
                work()
    gc.collect()
    assert _binding.open_count() == before
    assert db.close()


def test_a_broken_pipe_is_an_exception(path: str) -> None:
    """Go's handlers of signals leave SIGPIPE to Python, which ignores it."""
    code = """
import os, sys, lsmlite
db = lsmlite.LSM(sys.argv[1]); db["a"] = "b"
r, w = os.pipe(); os.close(r)
try:
    os.write(w, b"x")
except BrokenPipeError:
    print(db["a"])
"""
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60)
    assert done.stdout == "b'b'\n", (done.returncode, done.stderr)


def test_signals_of_the_program_arrive(db: lsmlite.LSM) -> None:
    got = []
    before = signal.signal(signal.SIGUSR1, lambda *_: got.append(1))
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        for i in range(1000):
            db["k"] = str(i)
        assert got == [1]
    finally:
        signal.signal(signal.SIGUSR1, before)
