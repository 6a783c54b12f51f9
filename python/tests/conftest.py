# SPDX-License-Identifier: Apache-2.0
"""What the tests share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator

import pytest

import lsmlite


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "test.lsm")


@pytest.fixture
def db(path: str) -> Iterator[lsmlite.LSM]:
    db = lsmlite.LSM(path)
    yield db
    if db.is_open:
        while db.rollback(False):
            pass
        db.close()


def pytest_report_header(config: object) -> str:
    return f"lsmlite {lsmlite.__version__} from {os.path.dirname(lsmlite.__file__)}, calls by {lsmlite.BINDING}"
