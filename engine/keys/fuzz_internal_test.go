// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzKeyText: what is given as a key, in a file or in the place of the name of a file or a variable, is a key of the
// right length or an error, and neither the error nor what is printed of a source shows it.
func FuzzKeyText(f *testing.F) {
	key := bytes.Repeat([]byte{0xA5, 'k'}, 16)
	for _, s := range []string{"", "short", string(key), hex.EncodeToString(key), hex.EncodeToString(key) + "\r\n", hex.EncodeToString(key)[:63],
		strings.ToUpper(hex.EncodeToString(key)), " " + hex.EncodeToString(key), strings.Repeat("p", 5000), "/etc/key", "KEY", "a=b", "\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		const place = "the place"
		m, err := parseKey(text, place)
		switch {
		case err == nil && len(m.Key) != Size:
			t.Fatalf("a key of %d bytes", len(m.Key))
		case err != nil:
			quotesNot(t, "the error of a key", err.Error(), text)
		case len(text) != Size && !strings.EqualFold(hex.EncodeToString(m.Key), strings.TrimRight(string(text), " \t\r\n")):
			t.Fatalf("%x is another key than %q", m.Key, text)
		}
		if m, err := passphrase(text, Params{}, place); err == nil && !bytes.Equal(m.Passphrase, text) {
			t.Fatal("another passphrase")
		} else if err != nil {
			quotesNot(t, "the error of a passphrase", err.Error(), text)
		}
		if !looksLikeKey(text) {
			return
		}
		for _, s := range []Source{File(string(text)), Env(string(text)), PassphraseFile(string(text)), PassphraseEnv(string(text)), Raw(text), Passphrase(text, Params{})} {
			quotesNot(t, "a source", s.String(), text)
			if _, err := s.Material(t.Context()); err != nil {
				quotesNot(t, "the error of a source", err.Error(), text)
			}
		}
	})
}

// looksLikeKey reports whether a text is one that can only be a key: 64 hex digits.
func looksLikeKey(text []byte) bool {
	_, err := hex.DecodeString(string(text))
	return err == nil && len(text) == 2*Size
}

// quotesNot fails if a text of some length is in another one.
func quotesNot(t *testing.T, what, in string, text []byte) {
	t.Helper()
	if secret := strings.TrimSpace(string(text)); len(secret) >= 8 && strings.Contains(in, secret) &&
		!strings.Contains(filepath.Join(os.TempDir(), "the place want hex digits is empty has more than bytes"), secret) {
		t.Errorf("%s shows it: %s", what, in)
	}
}
