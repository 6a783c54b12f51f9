// SPDX-License-Identifier: Apache-2.0

// Package crypt owns the cryptography of an encrypted database, as far as it needs no file: boxes
// under working keys, how these come from a file's data key, the key slots that wrap the data key,
// the crypto area of a meta page, and what is bound to each page and to each frame of the log.
// docs/encryption.md describes the bytes. The packages of the engine that read and write pages, meta
// pages and logs call it; it does no I/O, and calls only a key's source.
//
// What always holds:
//   - A nonce is random, and belongs to a key that belongs to one job: a segment, a session of the
//     log, a slot. Box number 2^32 of a key is refused, so that no nonce is expected twice.
//   - A plaintext comes out of a box only if its tag, and what it is bound to, agree.
//   - Decoders accept any bytes: they return an error, and never panic.
//   - No error and no String shows a key.
package crypt

import (
	"crypto/fips140"
	"crypto/rand"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// KeySize is the size of every key, Overhead how much longer a box is than what it holds.
const (
	KeySize   = 32
	nonceSize = 12
	tagSize   = 16
	Overhead  = nonceSize + tagSize
)

// Salt makes a working key from a data key; Chain binds a log's frame to all before it; FileID
// tells one file from another.
type (
	Salt   [16]byte
	Chain  [16]byte
	FileID [16]byte
)

// NewSalt returns a random salt.
func NewSalt() (s Salt) { fill(s[:]); return s }

// NewChain returns a random beginning of a log.
func NewChain() (c Chain) { fill(c[:]); return c }

// NewFileID returns a random file id.
func NewFileID() (f FileID) { fill(f[:]); return f }

// NewDataKey returns a random data key.
func NewDataKey() []byte {
	k := make([]byte, KeySize)
	fill(k)
	return k
}

func fill(b []byte) { _, _ = rand.Read(b) } // never fails: it ends the program instead

// Suite is the cipher of a file.
type Suite uint16

// The suites. Their numbers are in files.
const (
	AESGCM           Suite = 1
	ChaCha20Poly1305 Suite = 2
)

// String returns the name that Options.Cipher and the setting have.
func (s Suite) String() string {
	switch s {
	case AESGCM:
		return "aes-256-gcm"
	case ChaCha20Poly1305:
		return "chacha20-poly1305"
	}
	return fmt.Sprintf("suite %d", uint16(s))
}

// SuiteOf returns the suite of a name; the empty name is the default of this platform.
func SuiteOf(name string) (Suite, error) {
	switch name {
	case "":
		return DefaultSuite, nil
	case AESGCM.String():
		return AESGCM, nil
	case ChaCha20Poly1305.String():
		return ChaCha20Poly1305, nil
	}
	return 0, &errs.Error{Code: errs.CodeMisuse, Op: "options",
		Detail: fmt.Sprintf("cipher %q; want %s or %s", name, AESGCM, ChaCha20Poly1305)}
}

// check reports whether the suite exists, and may be used in this process.
func (s Suite) check() error {
	if s != AESGCM && s != ChaCha20Poly1305 {
		return &errs.Error{Code: errs.CodeMismatch, Detail: fmt.Sprintf("encrypted with %s, which this version does not know", s)}
	}
	if s == ChaCha20Poly1305 && fips140.Enforced() {
		return refusedByFIPS(s.String())
	}
	return nil
}

func refusedByFIPS(what string) error {
	return &errs.Error{Code: errs.CodeKey, Detail: what + " is no algorithm of FIPS 140-3, and this process runs with GODEBUG=fips140=only"}
}
