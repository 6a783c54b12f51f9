// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// Key are the flags that name the place of a database's key. No flag takes a key itself: all processes see the
// arguments of all others, and a shell remembers them.
type Key struct {
	KeyFile        string `placeholder:"FILE" help:"File with the key of an encrypted database: 32 bytes or 64 hex digits."`
	KeyEnv         string `placeholder:"NAME" help:"Environment variable with that key, as 64 hex digits."`
	PassphraseFile string `placeholder:"FILE" help:"File with a passphrase in place of a key."`
	PassphraseEnv  string `placeholder:"NAME" help:"Environment variable with a passphrase."`
}

// settings are the names of the flags in a data source name, and their values.
func (k Key) settings() map[string]string {
	all := map[string]string{
		"key_file": k.KeyFile, "key_env": k.KeyEnv, "passphrase_file": k.PassphraseFile, "passphrase_env": k.PassphraseEnv,
	}
	for name, place := range all {
		if place == "" {
			delete(all, name)
		}
	}
	return all
}

// KeyFlags are the flags that name the place of the key, as arguments, also if it is --set that names it.
func (s Settings) KeyFlags() (flags []string) {
	places := s.Key.settings()
	for _, set := range s.Set {
		if name, place, _ := strings.Cut(set, "="); NamesKey(set) {
			places[name] = place
		}
	}
	for _, name := range keySettings {
		if place := places[name]; place != "" {
			flags = append(flags, "--"+strings.ReplaceAll(name, "_", "-")+"="+place)
		}
	}
	return flags
}

// keySettings are the settings that name the place of a key; the flags have the same names, with hyphens.
var keySettings = []string{"key_file", "key_env", "passphrase_file", "passphrase_env"}

// GiveKey says whether a flag among arguments names the place of a key: one of its own, or --set.
func GiveKey(args []string) bool {
	for i, arg := range args {
		name, value, joined := strings.Cut(arg, "=")
		flag, found := strings.CutPrefix(name, "--")
		switch {
		case !found:
			continue
		case flag == "set" && !joined && i+1 < len(args):
			value = args[i+1]
		}
		if flag == "set" && NamesKey(value) || slices.Contains(keySettings, strings.ReplaceAll(flag, "-", "_")) {
			return true
		}
	}
	return false
}

// NamesKey says whether what --set is given names the place of a key.
func NamesKey(set string) bool {
	name, _, _ := strings.Cut(set, "=")
	return slices.Contains(keySettings, name)
}

// Source is what the flags name, nil if none is given.
func (k Key) Source() (keys.Source, error) {
	if len(k.settings()) > 1 {
		return nil, Errorf(Usage, "several keys; give one of --key-file, --key-env, --passphrase-file and --passphrase-env")
	}
	return sourceOf(k.KeyFile, k.KeyEnv, k.PassphraseFile, k.PassphraseEnv), nil
}

// NewKey are the flags that name the place of a key that a database gets.
type NewKey struct {
	NewKeyFile        string `placeholder:"FILE" help:"File with the new key: 32 bytes or 64 hex digits."`
	NewKeyEnv         string `placeholder:"NAME" help:"Environment variable with the new key, as 64 hex digits."`
	NewPassphraseFile string `placeholder:"FILE" help:"File with a new passphrase."`
	NewPassphraseEnv  string `placeholder:"NAME" help:"Environment variable with a new passphrase."`
}

// Source is what the flags name, nil if none is given.
func (k NewKey) Source() (keys.Source, error) {
	same := Key{k.NewKeyFile, k.NewKeyEnv, k.NewPassphraseFile, k.NewPassphraseEnv}
	if len(same.settings()) > 1 {
		return nil, Errorf(Usage, "several keys; give one of --new-key-file, --new-key-env, --new-passphrase-file and --new-passphrase-env")
	}
	return same.Source()
}

// OtherKey are the flags that name the place of the key of a second database.
type OtherKey struct {
	OtherKeyFile        string `placeholder:"FILE" help:"File with the key of the other database, if it has another one."`
	OtherKeyEnv         string `placeholder:"NAME" help:"Environment variable with that key, as 64 hex digits."`
	OtherPassphraseFile string `placeholder:"FILE" help:"File with a passphrase of the other database."`
	OtherPassphraseEnv  string `placeholder:"NAME" help:"Environment variable with a passphrase of the other database."`
}

// OpenOther opens a second database for reading. If other names no key, the key of the settings opens it if it is
// encrypted, and none if it is in clear. That is printed, also with --quiet: nothing has verified then that it is the
// one that was meant.
func (s Settings) OpenOther(ctx context.Context, e *Env, path string, other OtherKey) (*Database, error) {
	key := Key{other.OtherKeyFile, other.OtherKeyEnv, other.OtherPassphraseFile, other.OtherPassphraseEnv}
	switch n := len(key.settings()); {
	case n > 1:
		return nil, Errorf(Usage, "several keys; give one of --other-key-file, --other-key-env, --other-passphrase-file and --other-passphrase-env")
	case n == 1:
		s = s.WithoutKey()
		s.Key = key
	case len(s.KeyFlags()) > 0 && inClear(path):
		s = s.WithoutKey()
		fmt.Fprintf(e.Stderr, "lsmlite: %s is in clear, and is read without the key\n", text.Name(path))
	}
	db, err := s.Open(ctx, path, Read)
	if errors.Is(err, engine.ErrKey) {
		err = Errorf(CannotOpen, "%w\n--other-key-file, --other-key-env, --other-passphrase-file and --other-passphrase-env are for a key of its own", err)
	}
	return db, err
}

// inClear says whether a file is a database that is not encrypted, also one of no bytes.
func inClear(path string) bool {
	info, err := engine.Identify(nil, path)
	if err != nil {
		return false
	}
	return info.Kind == engine.KindEmpty || info.LSM1 != nil && WholeMeta(info.LSM1) && info.LSM1.Encryption == nil
}

// OnlyKey are the settings without all that do not name the place of a key.
func (s Settings) OnlyKey() Settings {
	s.Set = slices.DeleteFunc(slices.Clone(s.Set), func(set string) bool { return !NamesKey(set) })
	return s
}

func sourceOf(keyFile, keyEnv, passphraseFile, passphraseEnv string) keys.Source {
	switch {
	case keyFile != "":
		return fileSource(keys.File, keyFile, false)
	case keyEnv != "":
		return keys.Env(keyEnv)
	case passphraseFile != "":
		return fileSource(keys.PassphraseFile, passphraseFile, true)
	case passphraseEnv != "":
		return keys.PassphraseEnv(passphraseEnv)
	}
	return nil
}

// SourceOf is the key that flags and settings name, nil if none is given.
func (s Settings) SourceOf(path string) (keys.Source, error) {
	cfg, err := s.Config(path, Read)
	if err != nil {
		return nil, err
	}
	return sourceIn(cfg), nil
}

// CipherOf is the cipher that the settings name, empty if they name none.
func (s Settings) CipherOf(path string) (string, error) {
	cfg, err := s.Config(path, Read)
	return cfg.Cipher, err
}

// WithoutKey are the settings for opening a database in clear: without a key, and without a cipher, which needs one.
func (s Settings) WithoutKey() Settings {
	s.Key = Key{}
	s.Set = slices.DeleteFunc(slices.Clone(s.Set), func(set string) bool { return NamesKey(set) || strings.HasPrefix(set, "cipher=") })
	return s
}

// sourceIn is the key that a configuration names, nil if none is given.
func sourceIn(cfg lsmlite.Config) keys.Source {
	if cfg.Key != nil {
		return cfg.Key
	}
	return sourceOf(cfg.KeyFile, cfg.KeyEnv, cfg.PassphraseFile, cfg.PassphraseEnv)
}

// KeyError adds to an error of a key what the caller can do. If a key was given, the error says what is wrong with it.
func KeyError(path string, given bool, err error) error {
	if given {
		return Errorf(CannotOpen, "%w", err)
	}
	return Errorf(CannotOpen, "%w\n%s is encrypted; name the place of its key with --key-file, --key-env, --passphrase-file or --passphrase-env", err, path)
}
