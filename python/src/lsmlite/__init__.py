# SPDX-License-Identifier: Apache-2.0
"""An embedded, ordered, transactional key-value database in a single file.

    import lsmlite

    with lsmlite.LSM("my.lsm") as db:
        db["user/1"] = "Ada"
        with db.transaction():
            db.update({"user/2": "Grace", "user/3": "Barbara"})
        for key, value in db["user/1":"user/2"]:
            print(key.decode(), value.decode())

The interface is that of python-lsm-db: ``import lsmlite as lsm`` is the whole change. ``lsmlite.dbapi2`` has SQL.
"""

from . import _binding
from ._cursor import SEEK_EQ, SEEK_GE, SEEK_LE, SEEK_LEFAST, Cursor
from ._lsm import LSM
from ._transaction import Transaction
from ._version import __version__
from .errors import *  # noqa: F403
from .errors import __all__ as _errors

SAFETY_OFF, SAFETY_NORMAL, SAFETY_FULL = 0, 1, 2

#: What calls the library: "native", the extension, or "ctypes".
BINDING: str = _binding.BINDING

__all__ = [
    "LSM", "Cursor", "Transaction", "SEEK_LEFAST", "SEEK_LE", "SEEK_EQ", "SEEK_GE", "SAFETY_OFF", "SAFETY_NORMAL",
    "SAFETY_FULL", "BINDING", "__version__", *_errors,
]
