// SPDX-License-Identifier: Apache-2.0

package object

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// KeyKind says where the secret of a generation comes from.
type KeyKind byte

// The kinds of keys.
const (
	KeyNone       KeyKind = 0
	KeyRaw        KeyKind = 1 // HKDF-SHA-256 of a key of 32 bytes, with the salt
	KeyPassphrase KeyKind = 2 // Argon2id of a passphrase, with the salt
)

// Base claims a generation. It is in clear, also where all else of the generation is sealed: it says how to make the
// secret.
type Base struct {
	Time   time.Time
	ID     [16]byte // random, so that no two bases are equal
	Parent struct{ Gen, Seq uint64 }
	Start  Position // of the commit after which the log begins
	Key    KeyKind
	Salt   [16]byte
	KDF    keys.Params // what each try of a passphrase costs
	Check  Digest      // of the secret, zero with KeyNone
}

// Secret makes the secret of the generation from a key or a passphrase.
func (b *Base) Secret(material []byte) ([]byte, error) {
	switch b.Key {
	case KeyRaw:
		return hkdf.Key(sha256.New, material, b.Salt[:], "lsmlite replicate generation v1", SecretBytes)
	case KeyPassphrase:
		if err := b.KDF.Check(); err != nil {
			return nil, damaged("%v", err)
		}
		return argon2.IDKey(material, b.Salt[:], b.KDF.Time, b.KDF.MemoryKiB, uint8(b.KDF.Lanes), SecretBytes), nil
	}
	return nil, fmt.Errorf("the generation is not encrypted: %w", ErrKey)
}

// Encode makes the object.
func (b *Base) Encode(gen uint64) ([]byte, error) {
	raw := appendTime(nil, b.Time)
	raw = append(raw, b.ID[:]...)
	raw = binary.AppendUvarint(raw, b.Parent.Gen)
	raw = binary.AppendUvarint(raw, b.Parent.Seq)
	raw = appendPosition(raw, b.Start)
	raw = append(append(raw, byte(b.Key)), b.Salt[:]...)
	raw = binary.AppendUvarint(raw, uint64(b.KDF.MemoryKiB))
	raw = binary.AppendUvarint(raw, uint64(b.KDF.Time))
	raw = binary.AppendUvarint(raw, uint64(b.KDF.Lanes))
	raw = append(raw, b.Check[:]...)
	return Encode(KindBase, BaseName(gen), raw, nil)
}

// DecodeBase reads the object.
func DecodeBase(gen uint64, data []byte) (*Base, error) {
	raw, err := Decode(KindBase, BaseName(gen), data, nil)
	if err != nil {
		return nil, err
	}
	f := fields{b: raw}
	b := &Base{Time: f.time(), ID: [16]byte(f.bytes(16))}
	b.Parent.Gen, b.Parent.Seq = f.uvarint(), f.uvarint()
	b.Start = f.position()
	b.Key, b.Salt = KeyKind(f.byte()), [16]byte(f.bytes(16))
	b.KDF = keys.Params{MemoryKiB: f.small(), Time: f.small(), Lanes: f.small()}
	b.Check = f.digest()
	if !f.end() || b.Key > KeyPassphrase {
		return nil, damaged("its fields are not those of a base")
	}
	return b, nil
}
