// SPDX-License-Identifier: Apache-2.0

// Package keys says where the key of an encrypted database comes from: bytes, a file, the
// environment, a passphrase, or a key management service. The result goes into the engine's
// Options.Key, into BackupOptions.Key, and to DB.AddKey.
//
// A source holds what its maker was given, and reads files and the environment at each use, so
// that a key can be replaced while a program runs. No source shows its key: String names the place
// alone, and errors never quote what was read.
package keys

import (
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// Size is the number of bytes of a key.
const Size = 32

// Source is where a key comes from. The functions of this package make the usual ones.
type Source interface {
	// Material fetches what opens a key slot. The caller calls Wipe on it after use.
	Material(ctx context.Context) (*Material, error)
	// String names the source, without a secret.
	String() string
}

// Material is what a source gives: exactly one of Key, Passphrase, and Wrap with Unwrap is set;
// none of them means: not encrypted.
type Material struct {
	Key        []byte // Size bytes
	Passphrase []byte
	Params     Params // what a new slot of Passphrase gets

	Name         string // of the external key, stored in its slot, in clear
	Wrap, Unwrap Wrapper
}

// Wrapper encrypts, or decrypts, 32 bytes elsewhere.
type Wrapper = func(ctx context.Context, in []byte) ([]byte, error)

// IsNone reports whether the material is that of None.
func (m *Material) IsNone() bool { return m.Key == nil && m.Passphrase == nil && m.Wrap == nil }

// Wipe overwrites the secrets. Copies that Go made stay.
func (m *Material) Wipe() {
	clear(m.Key)
	clear(m.Passphrase)
}

// Params is what trying a passphrase costs, by argon2id. Zeros stand for the defaults.
type Params struct {
	Time      uint32 // passes over the memory
	MemoryKiB uint32
	Lanes     uint32 // that can run at the same time
}

// The defaults of Params, and its limits: what is beyond them in a file is refused before it
// is computed. MaxMemoryKiB is 1 GiB, or 256 MiB where addresses have 32 bits and in WebAssembly: a process
// that cannot get the memory would end.
const (
	DefaultTime, DefaultMemoryKiB, DefaultLanes = 3, 64 << 10, 4
	MaxTime, MaxMemoryKiB, MaxLanes             = 64, maxMemoryKiB, 16
)

// mostMemoryKiB is MaxMemoryKiB where it is largest.
const mostMemoryKiB = 1 << 20

// OrDefault returns p with defaults in place of zeros.
func (p Params) OrDefault() Params {
	for _, f := range []struct {
		field *uint32
		value uint32
	}{{&p.Time, DefaultTime}, {&p.MemoryKiB, DefaultMemoryKiB}, {&p.Lanes, DefaultLanes}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return p
}

// Check reports whether p is within the limits, with an error that matches ErrKey.
func (p Params) Check() error {
	for _, f := range []struct {
		name             string
		value, low, high uint32
	}{
		{"time", p.Time, 1, MaxTime}, {"lanes", p.Lanes, 1, MaxLanes},
		{"memory in KiB", p.MemoryKiB, 8 * min(max(p.Lanes, 1), MaxLanes), MaxMemoryKiB},
	} {
		if f.value < f.low || f.value > f.high {
			more := ""
			if f.high == maxMemoryKiB && maxMemoryKiB < mostMemoryKiB {
				more = fmt.Sprintf(", or %d on systems with more room", mostMemoryKiB)
			}
			return keyError(nil, "argon2id: %s %d; want %d to %d%s", f.name, f.value, f.low, f.high, more)
		}
	}
	return nil
}

func keyError(cause error, format string, args ...any) error {
	return &errs.Error{Code: errs.CodeKey, Op: "key", Detail: fmt.Sprintf(format, args...), Err: cause}
}
