# SPDX-License-Identifier: Apache-2.0
"""The options of a database: one row each."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Option", "OPTIONS"]


class Option(NamedTuple):
    verb: int           # of lsm_config
    default: int
    before_open: bool   # may be set only before the file is opened for the first time
    flag: bool          # any value that is true counts as 1
    about: str


OPTIONS: dict[str, Option] = {
    "page_size": Option(2, 4096, True, False, "Bytes of a page, 256 to 65536, a power of two; of a new file."),
    "block_size": Option(4, 1024, True, False, "KB of a block, 64 to 65536, a power of two; of a new file."),
    "multiple_processes": Option(11, 1, True, True, "Kept for programs that set it: one process has the file open."),
    "readonly": Option(16, 0, True, True, "Never write to the file."),
    "write_safety": Option(3, 1, False, False, "SAFETY_OFF, SAFETY_NORMAL or SAFETY_FULL."),
    "autoflush": Option(1, 1024, False, False, "KB of the tree in memory at which it is flushed to the file."),
    "autowork": Option(5, 1, False, True, "Flush and merge within commits; if not, flush() and work() do."),
    "automerge": Option(9, 4, False, False, "Segments that are merged at a time."),
    "autocheckpoint": Option(12, 2048, False, False, "KB that are written between two checkpoints; 0 for none."),
    "mmap": Option(7, 1, False, False, "0: read by calls; 1: map the file; more: map as many KB of it."),
    "transaction_log": Option(8, 1, False, True, "Log commits; without it a crash loses those since the checkpoint."),
    "busy_timeout": Option(1001, 0, False, False, "Milliseconds that a write waits for other handles."),
    "cache_size": Option(1002, 65536, True, False, "KB of pages that are kept in memory."),
}
