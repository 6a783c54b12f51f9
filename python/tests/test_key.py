# SPDX-License-Identifier: Apache-2.0
"""Encrypted files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lsmlite
from lsmlite import dbapi2

KEYS: list[dict[str, Any]] = [{"key": b"k" * 32}, {"passphrase": "horse \u00e9"}]


@pytest.mark.parametrize("secret", KEYS, ids=lambda s: next(iter(s)))
def test_an_encrypted_file(path: str, secret: dict[str, Any]) -> None:
    with lsmlite.LSM(path, **secret) as db:
        db.update((f"secretkey{i:05}", "secretvalue" * 20) for i in range(500))
        db.flush()
        db["secretkey in the log"] = "secretvalue"
        for suffix in ("", "-log"):
            content = Path(path + suffix).read_bytes()
            assert b"secretkey" not in content and b"secretvalue" not in content
    with lsmlite.LSM(path, **secret) as db:
        assert db["secretkey00499"] == b"secretvalue" * 20
        assert len(list(db)) == 501
    connection = dbapi2.connect(path, **secret)
    assert connection.execute("SELECT count(*) FROM kv").fetchone() == (501,)
    connection.close()


@pytest.mark.parametrize("secret", KEYS, ids=lambda s: next(iter(s)))
def test_a_wrong_key(path: str, secret: dict[str, Any]) -> None:
    with lsmlite.LSM(path, **secret) as db:
        db["a"] = "b"
    before = Path(path).read_bytes()
    for other in ({}, {"key": b"x" * 32}, {"passphrase": "wrong"}):
        with pytest.raises(lsmlite.MismatchError):
            lsmlite.LSM(path, **other)
        with pytest.raises(dbapi2.OperationalError):
            dbapi2.connect(path, **other)
    assert Path(path).read_bytes() == before


def test_no_message_has_the_key(path: str) -> None:
    for secret in ({"key": b"verysecret"}, {"key": "verysecret"}, {"key": b"verysecret", "passphrase": "verysecret"}):
        with pytest.raises(Exception) as caught:
            lsmlite.LSM(path, **secret)
        assert "verysecret" not in str(caught.value) + getattr(caught.value, "detail", "")
    assert not Path(path).exists()
