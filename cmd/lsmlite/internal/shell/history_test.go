// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func opened(t *testing.T, path string) *history {
	t.Helper()
	h, err := openHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func added(t *testing.T, h *history, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := h.add(text, false); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHistory: texts of several lines come back, doubles and secrets do not, and nobody else may read the file.
func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "history")
	h := opened(t, path)
	other := opened(t, path)
	added(t, h, "SELECT 1;", "SELECT 1;", " SELECT 'secret';", "SELECT 'two\nlines';", "", strings.Repeat("x", MaxHistoryEntry+1))
	added(t, other, "SELECT 'of another shell';")
	added(t, h, "SELECT '\xff';\n")
	want := []string{"SELECT 1;", "SELECT 'two\nlines';", "SELECT 'of another shell';", "SELECT '\ufffd';"}
	if got := opened(t, path).list; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if runtime.GOOS != "windows" {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		opened(t, path)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
}

// TestHistoryIsBounded: in memory and in the file.
func TestHistoryIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	h := opened(t, path)
	long := strings.Repeat("x", 2000)
	for i := range MaxHistory + 10 {
		added(t, h, fmt.Sprint(i, long))
	}
	if len(h.list) != MaxHistory || !strings.HasPrefix(h.list[0], "10x") {
		t.Errorf("%d texts are kept, the first is %.10s", len(h.list), h.list[0])
	}
	opened(t, path) // makes it shorter
	info, err := os.Stat(path)
	if err != nil || info.Size() > MaxHistoryBytes/2 {
		t.Fatalf("%d bytes, %v", info.Size(), err)
	}
	h = opened(t, path)
	if n := len(h.list); n < 200 || !strings.HasPrefix(h.list[n-1], fmt.Sprint(MaxHistory+9, "x")) {
		t.Errorf("%d texts are left", n)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
}

// TestHistoryOfOthers: what is no line of a history is passed over.
func TestHistoryOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	raw := "\"one\"\nnonsense\n{\"a\":1}\n\x00\xff\n\"" + strings.Repeat("y", 2*readBytes) + "\"\n\"two\"\n\"unfinished"
	if err := os.WriteFile(path, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := opened(t, path).list; !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("%.100q", got)
	}
}

// TestNoHistory: without a file there is a history of this session, and an error that says why.
func TestNoHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := openHistory(filepath.Join(file, "history"))
	if err == nil {
		t.Error("a folder is a file, and there is no error")
	}
	added(t, h, "SELECT 1;")
	if !slices.Equal(h.list, []string{"SELECT 1;"}) {
		t.Errorf("%q", h.list)
	}
}

// TestHistoryOfSecrets: what is secret can be called back in this session, and is not in the file.
func TestHistoryOfSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	h := opened(t, path)
	added(t, h, "SELECT 1;")
	if err := h.add("SELECT 'secret';", true); err != nil {
		t.Fatal(err)
	}
	if want := []string{"SELECT 1;", "SELECT 'secret';"}; !slices.Equal(h.list, want) {
		t.Errorf("%q, want %q", h.list, want)
	}
	if got := opened(t, path).list; !slices.Equal(got, []string{"SELECT 1;"}) {
		t.Errorf("the file has %q", got)
	}
}

// TestHistoryPath follows the environment.
func TestHistoryPath(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	if got, want := historyPath(), filepath.Join(state, "lsmlite", "history"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	t.Setenv("XDG_STATE_HOME", "relative")
	if got := historyPath(); !filepath.IsAbs(got) || strings.Contains(got, "relative") {
		t.Error(got)
	}
	if got := historyFor(true); got != "" {
		t.Errorf("with a key it is %s", got)
	}
	t.Setenv("LSMLITE_HISTORY", "named")
	if got := historyFor(true); got != "named" {
		t.Errorf("with a key and a name it is %q", got)
	}
	t.Setenv("LSMLITE_HISTORY", "")
	if got := historyPath(); got != "" {
		t.Error(got)
	}
}
