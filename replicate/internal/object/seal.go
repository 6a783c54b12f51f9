// SPDX-License-Identifier: Apache-2.0

package object

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
)

// SecretBytes is the length of the secret of a generation.
const SecretBytes = 32

// Sealer encrypts the objects of one generation. Each name has a key of its own, HKDF-SHA-256 of the secret with the
// name, and each object a random nonce: a name is written a few times at most, so no nonce comes twice with its key.
type Sealer struct{ secret []byte }

// NewSealer takes the secret of a generation: see Base.
func NewSealer(secret []byte) *Sealer { return &Sealer{secret: secret} }

// Check returns what a base holds to recognise the secret by.
func (s *Sealer) Check() Digest {
	h := hmac.New(sha256.New, s.secret)
	h.Write([]byte("lsmlite replicate check v1"))
	return Digest(h.Sum(nil))
}

func (s *Sealer) aead(name string) (cipher.AEAD, error) {
	key, err := hkdf.Expand(sha256.New, s.secret, "lsmlite replicate object v1 "+name, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func additional(head []byte, name string) []byte {
	return append(append([]byte(name), 0), head...)
}

func (s *Sealer) seal(head []byte, name string, packed []byte) ([]byte, error) {
	a, err := s.aead(name)
	if err != nil {
		return nil, err
	}
	var nonce [nonceBytes]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(head)+nonceBytes+len(packed)+a.Overhead()+sumBytes), head...)
	out = append(out, nonce[:]...)
	return a.Seal(out, nonce[:], packed, additional(head, name)), nil
}

func (s *Sealer) open(head []byte, name string, sealed []byte) ([]byte, error) {
	a, err := s.aead(name)
	if err != nil {
		return nil, err
	}
	if len(sealed) < nonceBytes {
		return nil, damaged("it is too short for its seal")
	}
	packed, err := a.Open(nil, sealed[:nonceBytes], sealed[nonceBytes:], additional(head, name))
	if err != nil {
		return nil, damaged("it was not sealed with this key")
	}
	return packed, nil
}
