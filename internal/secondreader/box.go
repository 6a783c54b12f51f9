// SPDX-License-Identifier: Apache-2.0

package secondreader

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"

	"golang.org/x/crypto/chacha20poly1305"
)

// What is around the ciphertext of a box.
const (
	nonceSize = 12
	tagSize   = 16
	overhead  = nonceSize + tagSize
)

func derive(secret, salt []byte, info string, n int) []byte {
	k, err := hkdf.Key(sha256.New, secret, salt, info, n)
	if err != nil {
		panic(err) // too many bytes were wanted
	}
	return k
}

// aead returns the cipher of a suite under key.
func aead(suite uint16, key []byte) (cipher.AEAD, error) {
	switch suite {
	case 1:
		b, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		return cipher.NewGCM(b)
	case 2:
		return chacha20poly1305.New(key)
	}
	return nil, impossible("suite %d", suite)
}

// open returns what is in a box, and remembers it.
func (d *Database) open(key, box, data []byte, what string) ([]byte, error) {
	if len(box) < overhead {
		return nil, tampered("%s: a box of %d bytes", what, len(box))
	}
	a, err := aead(d.Suite, key)
	if err != nil {
		return nil, err
	}
	clear, err := a.Open(nil, box[:nonceSize], box[nonceSize:], data)
	if err != nil {
		return nil, tampered("%s: the box does not open", what)
	}
	d.Boxes = append(d.Boxes, Box{[32]byte(key), [12]byte(box[:nonceSize]), what})
	return clear, nil
}
