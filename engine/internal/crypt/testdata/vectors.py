# SPDX-License-Identifier: Apache-2.0
"""Writes vectors.json: every structure of an encrypted file, made from docs/encryption.md with
Python's standard library and the package cryptography, and nothing of this project.

    python3 vectors.py >vectors.json
"""
import hashlib
import hmac
import json
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id


def take(label, n):
    """n bytes that look random and are always the same."""
    out = b""
    while len(out) < n:
        out += hashlib.sha256(b"%s %d" % (label.encode(), len(out))).digest()
    return out[:n]


def hkdf(secret, salt, info, n):
    prk = hmac.new(salt or bytes(32), secret, hashlib.sha256).digest()
    out, block, i = b"", b"", 1
    while len(out) < n:
        block = hmac.new(prk, block + info + bytes([i]), hashlib.sha256).digest()
        out, i = out + block, i + 1
    return out[:n]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283


def box(suite, key, label, plain, ad):
    nonce = take(label + " nonce", 12)
    cipher = {1: AESGCM, 2: ChaCha20Poly1305}[suite](key)
    return nonce + cipher.encrypt(nonce, plain, ad)


def wrap(suite, kind, kek, label, params, file_id, data_key):
    salt = take(label + " salt", 16)
    key_id = hkdf(kek, b"", b"lsmlite/1 id", 8)
    head = bytes([kind, 0]) + struct.pack(">H", 8 + 16 + len(params) + 60) + key_id + salt + params
    return head + box(suite, hkdf(kek, salt, b"lsmlite/1 wrap", 32), label, data_key, file_id + head)


def suite_vectors(suite):
    name = "suite %d " % suite
    v = {"suite": suite, "file_id": take(name + "file", 16), "data_key": take(name + "dek", 32)}
    dek, file_id = v["data_key"], v["file_id"]

    salt = take(name + "segment", 16)
    segment = hkdf(dek, salt, b"lsmlite/1 segment", 32)
    v["segment_salt"] = salt
    v["plain"], v["ad"] = take(name + "plain", 100), b"what it is bound to"
    v["box"] = box(suite, segment, name + "box", v["plain"], v["ad"])
    v["pages"] = []
    for number, previous, last in (4097, 0, 0), (2**40 + 7, 4097, 0), (2**63 - 1, 2**40 + 7, 1):
        image = take(name + "page %d" % number, 60 + last)
        body = box(suite, segment, name + "page %d" % number,
                   image + struct.pack(">QB", previous, last), struct.pack(">Q", number))
        v["pages"].append({"number": str(number), "previous": str(previous), "last": bool(last), "image": image, "body": body})

    salt, chain = take(name + "log", 16), take(name + "chain", 16)
    log = hkdf(dek, salt, b"lsmlite/1 log", 32)
    v["log_salt"], v["chain"] = salt, chain
    frame = box(suite, log, name + "key frame", b"", chain + b"\x4b" + salt)
    chain = frame[-16:]
    v["key_frame"], v["data_frames"] = frame, []
    for flags, plain in (0, take(name + "first", 80)), (1, b"the last one"), (1, b""):
        frame = box(suite, log, name + "data %d" % len(plain), plain, chain + b"\x44" + bytes([flags]))
        chain = frame[-16:]
        v["data_frames"].append({"flags": flags, "plain": plain, "box": frame})
    v["chain_after"] = chain

    v["kek"], v["passphrase"] = take(name + "kek", 32), b"correct horse battery staple"
    time, memory, lanes = 2, 256, 3
    raw = wrap(suite, 1, v["kek"], name + "raw", b"", file_id, dek)
    stretched = Argon2id(salt=take(name + "passphrase salt", 16), length=32, iterations=time, lanes=lanes,
                         memory_cost=memory).derive(v["passphrase"])
    passphrase = wrap(suite, 2, stretched, name + "passphrase", struct.pack(">III", time, memory, lanes), file_id, dek)
    v["external_name"] = "kms/lsmlite"
    remote = bytes(b ^ 0xAA for b in dek)
    rest = struct.pack(">H", 11) + b"kms/lsmlite" + struct.pack(">H", len(remote)) + remote
    external = bytes([3, 0]) + struct.pack(">H", len(rest)) + rest
    v["slots"] = [raw, passphrase, external]
    v["slot_ids"] = [raw[4:12], passphrase[4:12], hashlib.sha256(external).digest()[:8]]

    salts = [take(name + "salt %d" % i, 16) for i in range(3)]
    slots = b"".join(v["slots"])
    v["commits"], v["codec"], v["salts"] = 2**33 + 1, 10001, salts
    area = b"lsmcrypt" + struct.pack(">HHI", 1, suite, v["codec"]) + file_id + v["log_salt"] + v["chain"]
    area += struct.pack(">QHH", v["commits"], len(salts), len(slots)) + b"".join(salts) + slots
    v["checkpoint"] = take(name + "checkpoint", 120)
    meta = hkdf(dek, file_id, b"lsmlite/1 meta", 32)
    area += hmac.new(meta, v["checkpoint"] + area, hashlib.sha256).digest()
    v["area"] = area + struct.pack(">I", crc32c(v["checkpoint"] + area))
    return v


def show(x):
    if isinstance(x, bytes):
        return x.hex()
    if isinstance(x, list):
        return [show(e) for e in x]
    if isinstance(x, dict):
        return {k: show(e) for k, e in x.items()}
    return x


print(json.dumps([show(suite_vectors(s)) for s in (1, 2)], indent=1))
