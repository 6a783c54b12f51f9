# SPDX-License-Identifier: Apache-2.0
"""Uncopied: what stands for something open, of which a copy would be a second owner."""

from __future__ import annotations

from typing import Any


class Uncopied:
    """A class whose objects copy, deepcopy and pickle refuse, as they do those of an extension."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object")
