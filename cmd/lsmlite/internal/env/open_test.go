// SPDX-License-Identifier: Apache-2.0

package env

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOpen holds that nothing in a path has a special meaning, what each kind of access may do,
// and that errors of opening have the right exit code.
func TestOpen(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	odd := filepath.Join(dir, "a?safety=off&b %41#.lsm")
	if _, err := (Settings{}).Open(ctx, odd, Write); CodeOf(err) != CannotOpen || !strings.Contains(err.Error(), "there is no file") {
		t.Fatalf("opening what is not there: %v", err)
	}
	db, err := Settings{Set: []string{"safety=full"}}.Open(ctx, odd, Create)
	if err != nil {
		t.Fatal(err)
	}
	if got := db.Engine.Options().Safety.String(); got != "full" {
		t.Errorf("safety is %s", got)
	}
	if _, err := db.SQL.Exec("INSERT INTO kv VALUES ('a', 'b')"); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error("closing again:", err)
	}
	if _, err := os.Stat(odd); err != nil {
		t.Error(err)
	}
	db, err = Settings{}.Open(ctx, odd, Read)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.SQL.Exec("DELETE FROM kv"); CodeOf(err) != Refused {
		t.Errorf("a write to what is opened for reading: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func TestBadSettings(t *testing.T) {
	for _, set := range []string{"safety", "safety=never", "none=1", "autoflush=-"} {
		if _, err := (Settings{Set: []string{set}}).Config("x.lsm", Read); CodeOf(err) != Usage || !strings.Contains(err.Error(), "--set") {
			t.Errorf("--set %s: %v", set, err)
		}
	}
}

// TestMemory holds that :memory: is a database in memory.
func TestMemory(t *testing.T) {
	db, err := Settings{}.Open(t.Context(), ":memory:", Create)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(":memory:"); !os.IsNotExist(err) {
		t.Error("there is a file :memory:", err)
	}
}
