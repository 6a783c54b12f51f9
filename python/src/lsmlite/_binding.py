# SPDX-License-Identifier: Apache-2.0
"""Chooses what calls liblsmlite: the extension, or, where that is missing, ctypes.

The library is opened when the first database is, and not by the import: a process that has imported the package may
fork, and its children may open databases.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from . import errors

__all__ = ["BINDING", "Handle", "Cursor", "Rows", "Scan", "Statement", "load", "version", "open_count"]

BINDING: str = os.environ.get("LSMLITE_BINDING", "")

if BINDING not in ("", "native", "ctypes"):
    raise ImportError(f"LSMLITE_BINDING is {BINDING!r}; want native or ctypes")
if TYPE_CHECKING:
    from . import _native as _calls
    from ._native import Cursor, Handle, Rows, Scan, Statement, open_count, version
else:
    if BINDING != "ctypes":
        try:
            from . import _native as _calls
            BINDING = "native"
        except ImportError:
            if BINDING == "native":
                raise
            BINDING = "ctypes"
    if BINDING == "ctypes":
        from . import _fallback as _calls
    Handle, Cursor, Rows, Scan, Statement = _calls.Handle, _calls.Cursor, _calls.Rows, _calls.Scan, _calls.Statement
    version, open_count = _calls.version, _calls.open_count

_calls.on_error(errors.make)

_SUFFIX = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")


def library_path() -> str:
    """Returns the path of the library: LSMLITE_LIBRARY, or else the one in the package."""
    return os.environ.get("LSMLITE_LIBRARY") or os.path.join(os.path.dirname(__file__), "liblsmlite" + _SUFFIX)


def load() -> None:
    """Opens the library, unless it is open."""
    _calls.load(library_path())
