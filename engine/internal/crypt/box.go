// SPDX-License-Identifier: Apache-2.0

package crypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"sync/atomic"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// maxBoxes is how many boxes one key may make, because their nonces are random: then the chance
// that two are equal is below 2^-32.
const maxBoxes = 1 << 32

// Box makes and opens boxes under one working key: nonce, ciphertext, tag. Any number of goroutines
// may use it at the same time, and no call allocates if the buffer has room.
type Box struct {
	aead  cipher.AEAD
	own   bool // aead makes the nonces, and puts them in front
	count atomic.Uint64
	id    KeyID
}

// KeyID stands for a working key, and shows nothing of it.
type KeyID [16]byte

// newBox returns the Box of a key, which stays the caller's.
func newBox(suite Suite, key []byte) (*Box, error) {
	if err := suite.check(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(key)
	b := &Box{id: KeyID(sum[:16])}
	var err error
	if suite == ChaCha20Poly1305 {
		b.aead, err = chacha20poly1305.New(key)
		return b, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	b.aead, err = cipher.NewGCMWithRandomNonce(block)
	b.own = true
	return b, err
}

// Count returns how many boxes this Box has made.
func (b *Box) Count() uint64 { return min(b.count.Load(), maxBoxes) }

// Full reports whether Seal refuses; see Seal.
func (b *Box) Full() bool { return b.count.Load() >= maxBoxes }

// Seal appends the box of plain, bound to ad, to dst, whose room overlaps neither. It refuses when
// the key has made 2^32 boxes.
func (b *Box) Seal(dst, plain, ad []byte) ([]byte, error) {
	if b.count.Add(1) > maxBoxes {
		b.count.Store(maxBoxes) // so that it never wraps
		return nil, &errs.Error{Code: errs.CodeFull, Detail: "a working key has encrypted 2^32 boxes, and is used up"}
	}
	at := len(dst)
	if b.own {
		dst = b.aead.Seal(dst, nil, plain, ad)
	} else {
		dst = append(dst, make([]byte, nonceSize)...)
		fill(dst[at:])
		dst = b.aead.Seal(dst, dst[at:], plain, ad)
	}
	if watch := watcher.Load(); watch != nil {
		(*watch)(b.id, [nonceSize]byte(dst[at:]))
	}
	return dst, nil
}

// Open appends what box holds to dst, whose room does not overlap it, if ad is what it was bound
// to; else it returns an error that matches ErrTampered.
func (b *Box) Open(dst, box, ad []byte) ([]byte, error) {
	if len(box) < Overhead {
		return nil, errs.Tamperedf("a box of %d bytes; want at least %d", len(box), Overhead)
	}
	nonce := box[:nonceSize]
	if b.own {
		nonce = nil
	} else {
		box = box[nonceSize:]
	}
	dst, err := b.aead.Open(dst, nonce, box, ad)
	if err != nil {
		return nil, errs.Tamperedf("what is encrypted does not agree with its tag, or not with its place")
	}
	return dst, nil
}
