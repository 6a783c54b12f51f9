#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the package, and python-lsm-db on the same loops.

    python3 bench/bench.py [--peer FOLDER] [--rows N] [--rounds N] [--single]

FOLDER has the module lsm of python-lsm-db. Each round runs each package in a process of its own, in turn; of each
number the smallest of all rounds is printed, in nanoseconds of one call or row: time, and time of the processor, all
threads together, which a busy machine changes less. Both packages have their default options, which are the same,
except that python-lsm-db lets several processes into a file. --single takes that from it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any, Callable

NAMES = ["put, in a transaction", "put, with commit", "get", "get, missing", "fetch_bulk, a key", "scan, a row",
         "scan of keys, a row", "range of 10 rows", "cursor: seek and key", "update, a row", "delete, in a transaction"]


def work(name: str, folder: str, n: int, single: bool) -> dict[str, list[float]]:
    """Runs the loops on one package, and returns nanoseconds of time and of the processor."""
    module = __import__(name)
    db = module.LSM(os.path.join(folder, "bench.lsm"), multiple_processes=not single)
    # 15 bytes of key, 100 of value; the keys come in an order that is not theirs.
    keys = [b"key%012d" % (i * 7919 % n) for i in range(n)]
    missing = [k + b"x" for k in keys]
    value = b"v" * 100
    times: dict[str, list[float]] = {}

    def measure(what: str, count: int, loop: Callable[[], Any]) -> None:
        begin, cpu = time.perf_counter_ns(), time.process_time_ns()
        loop()
        times[what] = [(time.perf_counter_ns() - begin) / count, (time.process_time_ns() - cpu) / count]

    def put() -> None:
        with db.transaction():
            for k in keys:
                db[k] = value

    def put_commit() -> None:
        for k in keys[: n // 5]:
            db[k] = value

    def get() -> None:
        for k in keys:
            db[k]

    def get_missing() -> None:
        for k in missing:
            k in db

    def bulk() -> None:
        for i in range(0, n, 100):
            db.fetch_bulk(keys[i : i + 100])

    def scan() -> None:
        rows = 0
        for _, _ in db:
            rows += 1
        assert rows == n

    def scan_keys() -> None:
        assert sum(1 for _ in db.keys()) == n

    def ranges() -> None:
        for i in range(0, n - 10, 100):
            assert len(list(db[b"key%012d" % i : b"key%012d" % (i + 9)])) == 10

    def seek() -> None:
        with db.cursor() as cursor:
            for k in keys:
                cursor.seek(k, module.SEEK_GE)
                cursor.key()

    def update() -> None:
        for i in range(0, n, 1000):
            batch = dict.fromkeys(keys[i : i + 1000], value)
            with db.transaction():
                db.update(batch)

    def delete() -> None:
        with db.transaction():
            for k in keys:
                del db[k]

    loops = [(put, n), (put_commit, n // 5), (get, n), (get_missing, n), (bulk, n), (scan, n), (scan_keys, n),
             (ranges, len(range(0, n - 10, 100))), (seek, n), (update, n), (delete, n)]
    for what, (loop, count) in zip(NAMES, loops):
        measure(what, count, loop)
    db.close()
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", default=os.environ.get("LSMLITE_PEER", ""), help="the folder of python-lsm-db")
    parser.add_argument("--rows", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--single", action="store_true", help="one process has the file")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help="where the files are (default: a temporary folder)")
    options = parser.parse_args()
    if options.run:
        print(json.dumps(work(options.run, options.folder, options.rows, options.single)))
        return
    packages = {"lsmlite": "", **({"lsm": options.peer} if options.peer else {})}
    best: dict[str, dict[str, list[float]]] = {p: {} for p in packages}
    for _ in range(options.rounds):
        for package, path in packages.items():
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                environment = dict(os.environ)
                if path:
                    environment["PYTHONPATH"] = path
                command = [sys.executable, __file__, "--run", package, "--rows", str(options.rows), "--folder", folder]
                command += ["--single"] * options.single
                done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
            for what, ns in json.loads(done.stdout).items():
                best[package][what] = list(map(min, ns, best[package].get(what, ns)))
    print(f"| ns, the best of {options.rounds} rounds of {options.rows} rows | lsmlite | of the processor |"
          + (" python-lsm-db | of the processor | ratio | of the processor |" if options.peer else ""))
    print("| --- | --: | --: |" + (" --: | --: | --: | --: |" if options.peer else ""))
    for what in NAMES:
        ours = best["lsmlite"][what]
        line = f"| {what} | {ours[0]:.0f} | {ours[1]:.0f} |"
        if options.peer:
            peer = best["lsm"][what]
            line += f" {peer[0]:.0f} | {peer[1]:.0f} | {ours[0] / peer[0]:.2f} | {ours[1] / peer[1]:.2f} |"
        print(line)


if __name__ == "__main__":
    main()
