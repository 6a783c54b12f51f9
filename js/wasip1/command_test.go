// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestCommandAndNativeGoShareFiles writes in the module and reads natively, and the other way round, with binary
// keys, long values and a log that is still there.
func TestCommandAndNativeGoShareFiles(t *testing.T) {
	h := newHost(t)
	const file = "/data/my.lsm?locking=optional"
	long := strings.Repeat("0123456789abcdef", 20_000)
	h.must("", "put", file, "user/1", "Ada")
	h.must(long, "put", file, "user/2")
	if out := h.must("", "exec", file, "INSERT INTO kv VALUES (x'00ff', x'fe'), ('user/3', ''); SELECT count(*) FROM kv"); out != "4\n" {
		t.Errorf("exec printed %q", out)
	}
	db, err := engine.Open(t.Context(), h.path("my.lsm"), engine.Options{MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"user/1": "Ada", "user/2": long, "user/3": "", "\x00\xff": "\xfe"} {
		if got, found, err := db.Get(nil, []byte(key)); err != nil || !found || string(got) != want {
			t.Errorf("natively %q is %.20q (%d bytes), found %t: %v", key, got, len(got), found, err)
		}
	}
	for p := range db.Check(t.Context()) {
		t.Errorf("natively: %v", p)
	}
	if err := db.Update(t.Context(), func(tx *engine.Tx) error {
		for i := range 2000 {
			if err := tx.Put(fmt.Appendf(nil, "native/%04d", i), fmt.Appendf(nil, "value %d", i)); err != nil {
				return err
			}
		}
		return tx.Delete([]byte("user/1"))
	}); err != nil {
		t.Fatal(err)
	}
	// A copy of the files as they are now is what a killed process leaves: the rows are in the log.
	for _, end := range []string{"", "-log"} {
		raw, err := os.ReadFile(h.path("my.lsm" + end))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(h.path("killed.lsm"+end), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"my.lsm", "killed.lsm"} {
		file := "/data/" + name + "?locking=optional"
		if out := h.must("", "get", file, "native/1999"); out != "value 1999" {
			t.Errorf("%s: native/1999 is %q", name, out)
		}
		if _, _, code := h.run("", "get", file, "user/1"); code != no {
			t.Errorf("%s: exit code %d of get for a key that is deleted", name, code)
		}
		if out := h.must("", "scan", file, "native/000"); strings.Count(out, "\n") != 10 || !strings.HasPrefix(out, "native/0000\tvalue 0\n") {
			t.Errorf("%s: scan printed %q", name, out)
		}
		if out := h.must("", "exec", file, "SELECT key, value FROM kv WHERE key < 'a'"); out != "x'00ff'\tx'fe'\n" {
			t.Errorf("%s: exec printed %q", name, out)
		}
	}
}

// TestCommandRefuses has the exit codes and texts of what goes wrong.
func TestCommandRefuses(t *testing.T) {
	h := newHost(t)
	if err := os.WriteFile(h.path("text.lsm"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	h.must("", "put", "/data/my.lsm?locking=optional", "a", "1")
	raw, err := os.ReadFile(h.path("my.lsm"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		code uint32
		says string
	}{
		{"nothing", nil, usage, "usage:"},
		{"unknown word", []string{"drop", "/data/my.lsm"}, usage, "usage:"},
		{"too many arguments", []string{"get", "/data/my.lsm", "a", "b"}, usage, "usage:"},
		{"a host without locks", []string{"get", "/data/my.lsm", "a"}, cannotOpen, "locking=optional"},
		{"a missing file is not made by get", []string{"get", "/data/none.lsm?locking=optional", "a"}, cannotOpen, "none.lsm"},
		{"no database", []string{"get", "/data/text.lsm?locking=optional", "a"}, damaged, "text.lsm"},
		{"outside of what the host gave", []string{"put", "/elsewhere/my.lsm?locking=optional", "a", "b"}, cannotOpen, "elsewhere"},
		{"a wrong statement", []string{"exec", "/data/my.lsm?locking=optional", "SELECT * FRM kv"}, refused, `unexpected "FRM"`},
		{"a wrong setting", []string{"get", "/data/my.lsm?lock=no", "a"}, refused, "lock"},
		{"a file that may only be read", []string{"put", "/data/my.lsm?locking=optional&mode=ro", "a", "b"}, refused, "read"},
	} {
		out, errs, code := h.run("", c.args...)
		if code != c.code || out != "" || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit code %d, want %d, %q on the output, and on the error output:\n%s", c.name, code, c.code, out, errs)
		}
	}
	if _, err := os.Stat(h.path("none.lsm")); err == nil {
		t.Error("get has made a file")
	}
	if now, err := os.ReadFile(h.path("my.lsm")); err != nil || string(now) != string(raw) {
		t.Errorf("a refused command has changed the file: %v", err)
	}
}

// TestLiterals has what bytes look like in the output.
func TestLiterals(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Ada": "Ada", "über": "über", "a b": "a b", "a\tb": `"a\tb"`, "\x00": `"\x00"`, `"q"`: `"\"q\""`,
		"x'00'": `"x'00'"`, "\xff\x00": "x'ff00'",
	} {
		if got := literal([]byte(in)); got != want {
			t.Errorf("%q is shown as %s, want %s", in, got, want)
		}
	}
	if got := show(nil); got != "NULL" {
		t.Errorf("nil is shown as %s", got)
	}
	if got := show(int64(-7)); got != "-7" {
		t.Errorf("a number is shown as %s", got)
	}
}
