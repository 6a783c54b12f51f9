// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"bytes"
	"context"
	"os"
)

// None is the source of a database without encryption: for a backup in clear of an encrypted one.
var None Source = &source{"none", func(context.Context) (*Material, error) { return &Material{}, nil }}

type source struct {
	name  string
	fetch func(context.Context) (*Material, error)
}

func (s *source) Material(ctx context.Context) (*Material, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.fetch(ctx)
}

func (s *source) String() string { return s.name }

// GoString is what %#v shows: nothing of what the source holds.
func (s *source) GoString() string { return "keys.Source(" + s.name + ")" }

// Raw is a key of 32 bytes, of which it keeps a copy.
func Raw(key []byte) Source {
	key = bytes.Clone(key)
	return &source{"raw key", func(context.Context) (*Material, error) {
		if len(key) != Size {
			return nil, keyError(nil, "the raw key has %d bytes; want %d", len(key), Size)
		}
		return &Material{Key: bytes.Clone(key)}, nil
	}}
}

// File is a key in a file: 32 bytes, or 64 hex digits with white space after them. Group and others
// must not be able to read the file; Windows and WebAssembly have no such permissions, so that
// nothing is checked there. The file may be a pipe, such as that of a shell's <(…), which is read once for each use.
// Of a named pipe the first bytes are awaited, whatever writers come and go before: that wait ends with the context,
// and is no concern of others that wait for the same pipe.
func File(path string) Source {
	return &source{"key file " + shownFile(path), func(ctx context.Context) (*Material, error) {
		b, err := readSecret(ctx, path, maxKeyFile)
		if err != nil {
			return nil, err
		}
		defer clear(b)
		return parseKey(b, "key file "+shownFile(path))
	}}
}

// Env is a key in an environment variable: 64 hex digits.
func Env(name string) Source {
	shown := shownVariable(name)
	return &source{"key in the environment variable " + shown, func(context.Context) (*Material, error) {
		b := []byte(os.Getenv(name))
		defer clear(b)
		if len(b) == 0 {
			return nil, keyError(nil, "the environment variable %s is not set, or is empty; want %d hex digits", shown, 2*Size)
		}
		if len(b) == Size {
			return nil, keyError(nil, "the environment variable %s has %d bytes; want %d hex digits", shown, len(b), 2*Size)
		}
		return parseKey(b, "the environment variable "+shown)
	}}
}

// Passphrase is a text from which argon2id makes the key, and of which it keeps a copy. Opening a
// database takes the time and the memory that p says.
func Passphrase(text []byte, p Params) Source {
	text = bytes.Clone(text)
	return &source{"passphrase", func(context.Context) (*Material, error) {
		return passphrase(text, p, "the passphrase")
	}}
}

// PassphraseFile is a passphrase in a file, without the end of line after it. Who may read the file
// is checked as for File.
func PassphraseFile(path string) Source {
	return &source{"passphrase file " + shownFile(path), func(ctx context.Context) (*Material, error) {
		b, err := readSecret(ctx, path, maxPassphrase+2)
		if err != nil {
			return nil, err
		}
		defer clear(b)
		return passphrase(trimLine(b), Params{}, "passphrase file "+shownFile(path))
	}}
}

// PassphraseEnv is a passphrase in an environment variable.
func PassphraseEnv(name string) Source {
	shown := shownVariable(name)
	return &source{"passphrase in the environment variable " + shown, func(context.Context) (*Material, error) {
		b := []byte(os.Getenv(name))
		defer clear(b)
		return passphrase(b, Params{}, "the environment variable "+shown)
	}}
}

// External is a key that never leaves another place, such as a key management service: wrap
// encrypts the 32 bytes of a new database's data key there, and unwrap decrypts them. The name is
// stored in the file, in clear, and finds the slot. What unwrap returns is overwritten after use, so it
// must not be kept.
func External(name string, wrap, unwrap Wrapper) Source {
	return &source{"external key " + name, func(context.Context) (*Material, error) {
		if wrap == nil || unwrap == nil {
			return nil, keyError(nil, "external key %s: a function is missing", name)
		}
		return &Material{Name: name, Wrap: wrap, Unwrap: unwrap}, nil
	}}
}
