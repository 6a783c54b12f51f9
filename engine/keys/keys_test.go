// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

var key = []byte("0123456789abcdefghijklmnopqrstu!")

// write makes a file that its owner alone may read.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func fetch(t *testing.T, src keys.Source) *keys.Material {
	t.Helper()
	m, err := src.Material(context.Background())
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return m
}

func TestSourcesOfKeys(t *testing.T) {
	t.Setenv("LSMLITE_TEST_KEY", hex.EncodeToString(key))
	for _, src := range []keys.Source{
		keys.Raw(key), keys.File(write(t, string(key))), keys.File(write(t, hex.EncodeToString(key))),
		keys.File(write(t, strings.ToUpper(hex.EncodeToString(key))+"\r\n")), keys.Env("LSMLITE_TEST_KEY"),
	} {
		m := fetch(t, src)
		if !bytes.Equal(m.Key, key) || m.Passphrase != nil || m.Wrap != nil || m.IsNone() {
			t.Errorf("%s gives %+v", src, m)
		}
		m.Wipe()
		if !bytes.Equal(m.Key, make([]byte, keys.Size)) {
			t.Errorf("%s: the key is still there", src)
		}
		if again := fetch(t, src); !bytes.Equal(again.Key, key) {
			t.Errorf("%s cannot be used twice", src)
		}
	}
}

func TestSourcesOfPassphrases(t *testing.T) {
	longest := strings.Repeat("x", 4096)
	if m := fetch(t, keys.Passphrase([]byte(longest), keys.Params{})); string(m.Passphrase) != longest {
		t.Errorf("the longest passphrase has %d bytes", len(m.Passphrase))
	}
	t.Setenv("LSMLITE_TEST_PASSPHRASE", "  pass phrase ")
	for _, src := range []keys.Source{
		keys.Passphrase([]byte("  pass phrase "), keys.Params{}), keys.PassphraseFile(write(t, "  pass phrase ")),
		keys.PassphraseFile(write(t, "  pass phrase \r\n")), keys.PassphraseFile(write(t, "  pass phrase \n")), keys.PassphraseEnv("LSMLITE_TEST_PASSPHRASE"),
	} {
		m := fetch(t, src)
		if string(m.Passphrase) != "  pass phrase " || m.Params != (keys.Params{Time: 3, MemoryKiB: 64 << 10, Lanes: 4}) || m.Key != nil {
			t.Errorf("%s gives %q, %+v", src, m.Passphrase, m.Params)
		}
	}
	if m := fetch(t, keys.None); !m.IsNone() {
		t.Errorf("%+v", m)
	}
}

// What is wrong with a source is an ErrKey that shows nothing of what was read.
func TestBadSources(t *testing.T) {
	const secret = "hunter2hunter2"
	t.Setenv("LSMLITE_TEST_BAD", secret)
	t.Setenv("LSMLITE_TEST_EMPTY", "")
	t.Setenv("LSMLITE_TEST_BYTES", string(key))
	for name, src := range map[string]keys.Source{
		"a short key":           keys.Raw([]byte(secret)),
		"no key":                keys.Raw(nil),
		"a file of text":        keys.File(write(t, secret)),
		"63 digits":             keys.File(write(t, secret+strings.Repeat("0", 49))),
		"digits that are none":  keys.File(write(t, secret+strings.Repeat("g", 50))),
		"a long file":           keys.File(write(t, strings.Repeat(secret, 100))),
		"an empty file":         keys.File(write(t, "")),
		"no file":               keys.File(filepath.Join(t.TempDir(), "none")),
		"a folder":              keys.File(t.TempDir()),
		"text in a variable":    keys.Env("LSMLITE_TEST_BAD"),
		"bytes in a variable":   keys.Env("LSMLITE_TEST_BYTES"),
		"an empty variable":     keys.Env("LSMLITE_TEST_EMPTY"),
		"no variable":           keys.PassphraseEnv("LSMLITE_TEST_NONE"),
		"an empty passphrase":   keys.PassphraseFile(write(t, "\n")),
		"a long passphrase":     keys.PassphraseFile(write(t, strings.Repeat(secret, 1000))),
		"too long a passphrase": keys.Passphrase([]byte(strings.Repeat("x", 4097)), keys.Params{}),
		"too costly":            keys.Passphrase([]byte(secret), keys.Params{Time: keys.MaxTime + 1}),
		"too much memory":       keys.Passphrase([]byte(secret), keys.Params{MemoryKiB: keys.MaxMemoryKiB + 1}),
		"too little memory":     keys.Passphrase([]byte(secret), keys.Params{MemoryKiB: 31}),
		"too many lanes":        keys.Passphrase([]byte(secret), keys.Params{Lanes: keys.MaxLanes + 1}),
		"nothing to call":       keys.External("k", nil, nil),
	} {
		m, err := src.Material(context.Background())
		if !errors.Is(err, errs.ErrKey) || m != nil {
			t.Errorf("%s: %v, %v", name, m, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), string(key)) {
			t.Errorf("%s shows it: %v", name, err)
		}
	}
}

func TestSourcesShowNoSecret(t *testing.T) {
	for _, src := range []keys.Source{keys.Raw(key), keys.Passphrase([]byte("hunter2"), keys.Params{})} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(verb, src); strings.Contains(text, "hunter2") || strings.Contains(text, string(key[:8])) {
				t.Errorf("%s shows %s", verb, text)
			}
		}
	}
}

// A secret in the place of a name is shown by no error.
func TestSecretsInPlaceOfNamesAreNotShown(t *testing.T) {
	t.Chdir(t.TempDir())
	digits := hex.EncodeToString(key)
	for _, name := range []string{digits, strings.ToUpper(digits), digits + "\n"} {
		for _, src := range []keys.Source{keys.File(name), keys.Env(name), keys.PassphraseFile(name), keys.PassphraseEnv(name)} {
			_, err := src.Material(context.Background())
			if !errors.Is(err, errs.ErrKey) || strings.Contains(strings.ToLower(err.Error()+src.String()+fmt.Sprintf("%#v", src)), digits) {
				t.Errorf("%s: %v", src, err)
			}
		}
	}
	if _, err := keys.File(digits).Material(context.Background()); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	for mode, content := range map[os.FileMode]string{0o644: "", 0o600: strings.Repeat("x", 10000)} { // and if there is such a file
		if err := os.WriteFile(digits, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(digits, mode); err != nil {
			t.Fatal(err)
		}
		for _, src := range []keys.Source{keys.File(digits), keys.PassphraseFile(digits)} {
			if _, err := src.Material(context.Background()); err == nil || strings.Contains(err.Error(), digits) {
				t.Errorf("%s: %v", src, err)
			}
		}
	}
	for _, src := range []keys.Source{keys.PassphraseEnv("correct horse"), keys.Env("hunter-2")} {
		if _, err := src.Material(context.Background()); err == nil || strings.Contains(err.Error()+src.String(), "horse") || strings.Contains(err.Error()+src.String(), "hunter") {
			t.Errorf("%s: %v", src, err)
		}
	}
	if _, err := keys.Env("LSMLITE_TEST_none1").Material(context.Background()); err == nil || !strings.Contains(err.Error(), "LSMLITE_TEST_none1") {
		t.Error(err) // a name is shown
	}
}

func TestSourcesEndWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := keys.Raw(key).Material(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
