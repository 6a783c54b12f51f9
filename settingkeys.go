// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// The settings of encryption. What a DSN or a statement says gets into logs, so a key is never
// there: only the name of the place that has it.

// secretNames are what other programs call a key in a DSN. They are refused, and no error shows
// what is after them.
var secretNames = []string{"key", "hexkey", "textkey", "rekey", "passphrase", "password", "_key", "_pragma_key", "_hexkey", "_textkey"}

// isSecret reports whether a name in a DSN is that of a key itself.
func isSecret(name string) bool { return slices.Contains(secretNames, strings.ToLower(name)) }

// keySource is the name of a place that has a key.
func keySource(values string, field func(*Config) *string, source func(string) keys.Source) access {
	return access{
		values: values,
		parse: func(c *Config, t string) error {
			if t == "" {
				return errValue
			}
			*field(c) = t
			return nil
		},
		text: func(c *Config) string { return *field(c) },
		save: func(c *Config, o *engine.Options) { o.Key = source(*field(c)) },
	}
}

func cipherName() access {
	field := func(c *Config) *string { return &c.Cipher }
	return plain(field, func(o *engine.Options) *string { return &o.Cipher }, access{
		values: "aes-256-gcm, chacha20-poly1305",
		parse: func(c *Config, t string) error {
			t = strings.ToLower(t)
			if t == "" {
				return errValue
			}
			o := engine.Options{Cipher: t}
			if o.Validate() != nil {
				return errValue
			}
			c.Cipher = t
			return nil
		},
		text: func(c *Config) string { return c.Cipher },
	})
}

// oneKey reports whether c names at most one place that has a key.
func (c *Config) oneKey() error {
	n := 0
	for _, set := range []bool{c.Key != nil, c.KeyFile != "", c.KeyEnv != "", c.PassphraseFile != "", c.PassphraseEnv != ""} {
		if set {
			n++
		}
	}
	if n > 1 {
		return misusef("open", "several keys; set one of Key, key_file, key_env, passphrase_file and passphrase_env")
	}
	return nil
}
