// SPDX-License-Identifier: Apache-2.0

package main

/*
#include "abi.h"
*/
import "C"

import (
	"crypto/sha256"
	"crypto/subtle"
	"unsafe"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// key is what lsmlite_key was given.
type key struct {
	kind   int
	secret []byte
}

// source returns the key as the engine takes it, nil for none.
func (k *key) source() keys.Source {
	switch k.kind {
	case C.LSMLITE_KEY_RAW:
		return keys.Raw(k.secret)
	case C.LSMLITE_KEY_PASSPHRASE:
		return keys.Passphrase(k.secret, keys.Params{})
	}
	return nil
}

// digest stands for the key where it is compared.
func (k *key) digest() [sha256.Size]byte {
	if k.kind == C.LSMLITE_KEY_NONE {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(append([]byte{byte(k.kind)}, k.secret...))
}

// forget overwrites the key.
func (k *key) forget() {
	clear(k.secret)
	*k = key{}
}

// agrees checks that a handle which joins an open file has the key that it is open with.
func (k *key) agrees(c *core, path string) error {
	mine := k.digest()
	if subtle.ConstantTimeCompare(mine[:], c.key[:]) == 1 {
		return nil
	}
	return &engine.Error{Code: engine.CodeKey, Op: "open", Path: path, Detail: "the file is open with another key"}
}

//export lsmliteGoKey
func lsmliteGoKey(p unsafe.Pointer, kind C.int, secret unsafe.Pointer, n C.int) (rc C.int) {
	h := (*handle)(p)
	defer h.ended(&rc)
	switch {
	case h.path != "":
		return h.done(misuse("key", "the key is set before lsm_open"))
	case kind < C.LSMLITE_KEY_NONE || kind > C.LSMLITE_KEY_PASSPHRASE:
		return h.done(misuse("key", "kind %d; want none, raw or passphrase", int(kind)))
	case kind == C.LSMLITE_KEY_RAW && n != 32:
		return h.done(misuse("key", "%d bytes; a raw key has 32", int(n)))
	case kind == C.LSMLITE_KEY_PASSPHRASE && n < 1:
		return h.done(misuse("key", "the passphrase is empty"))
	}
	h.key.forget()
	if kind != C.LSMLITE_KEY_NONE {
		h.key = key{int(kind), append([]byte{}, bytes(secret, n)...)}
	}
	return C.LSM_OK
}
