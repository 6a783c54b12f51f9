// SPDX-License-Identifier: Apache-2.0

package outfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/outfile"
)

func create(t *testing.T, path string, o outfile.Options) *outfile.File {
	t.Helper()
	o.Perm = 0o600
	f, err := outfile.Create(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Abort)
	if _, err := f.WriteString("new"); err != nil {
		t.Fatal(err)
	}
	return f
}

func put(t *testing.T, path, data string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o640); err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", path, got, err, want)
	}
}

// names returns what is in a folder.
func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestAFileHasItsNameOnceItIsWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	f := create(t, path, outfile.Options{})
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the end: %v", err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	f.Abort() // does nothing
	holds(t, path, "new")
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("left: %q", got)
	}
}

func TestAnAbortLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	put(t, path, "old")
	create(t, path, outfile.Options{Force: true}).Abort()
	holds(t, path, "old")
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("left: %q", got)
	}
}

func TestAFileThatHasAppearedMeanwhileIsKept(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	f := create(t, path, outfile.Options{})
	put(t, path, "of another program")
	err := f.Commit()
	if env.CodeOf(err) != env.CannotOpen {
		t.Fatalf("Commit = %v", err)
	}
	holds(t, path, "of another program")
	_, kept, ok := strings.Cut(err.Error(), "what was written is in ")
	if !ok {
		t.Fatalf("the error does not say where the rows are: %v", err)
	}
	holds(t, kept, "new")
}

func TestADatabaseThatHasAppearedMeanwhileIsKeptWithForce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	put(t, path, "old")
	f := create(t, path, outfile.Options{Force: true})
	sqlite := "SQLite format 3\x00" + strings.Repeat("\x01", 4096)
	put(t, path, sqlite)
	if err := f.Commit(); env.CodeOf(err) != env.CannotOpen {
		t.Fatalf("Commit = %v", err)
	}
	holds(t, path, sqlite)
}

func TestWritersOfOneNameDoNotMix(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	var wg sync.WaitGroup
	won := make(chan string, 8)
	var files [8]*outfile.File // all are begun before one has the name
	for i := range files {
		f, err := outfile.Create(path, outfile.Options{Perm: 0o600})
		if err != nil {
			t.Fatal(err)
		}
		files[i] = f
	}
	for i, f := range files {
		text := strings.Repeat(string(rune('a'+i)), 10000)
		wg.Go(func() {
			for j := range 10 {
				if _, err := f.WriteString(text[j*1000 : (j+1)*1000]); err != nil {
					t.Error(err)
				}
			}
			if f.Commit() == nil {
				won <- text
			}
		})
	}
	wg.Wait()
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d of 8 got the name", len(won))
	}
	holds(t, path, <-won)
}

func TestWhatIsReplacedKeepsItsModeAndALinkStays(t *testing.T) {
	dir := t.TempDir()
	victim, link := filepath.Join(dir, "victim"), filepath.Join(dir, "link")
	put(t, victim, "old")
	if err := os.Symlink("victim", link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	before, err := os.Stat(victim)
	if err != nil {
		t.Fatal(err)
	}
	if err := create(t, link, outfile.Options{Force: true}).Commit(); err != nil {
		t.Fatal(err)
	}
	holds(t, victim, "new")
	after, err := os.Stat(victim)
	if err != nil || after.Mode() != before.Mode() {
		t.Errorf("mode %v, before %v; %v", after.Mode(), before.Mode(), err)
	}
	if to, err := os.Readlink(link); err != nil || to != "victim" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
}

func TestAStreamEmptiesTextOnly(t *testing.T) {
	dir := t.TempDir()
	text, db := filepath.Join(dir, "text"), filepath.Join(dir, "db")
	put(t, text, "old\n")
	sqlite := "SQLite format 3\x00" + strings.Repeat("\x01", 4096)
	put(t, db, sqlite)
	o := outfile.Options{Force: true, Perm: 0o600}
	f, err := outfile.Stream(text, o)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	holds(t, text, "")
	for name, o := range map[string]outfile.Options{
		db: o, dir: o, text: {}, filepath.Join(dir, "none", "x"): o,
	} {
		if f, err := outfile.Stream(name, o); env.CodeOf(err) != env.CannotOpen {
			t.Errorf("Stream(%s) = %v, %v", name, f, err)
		}
	}
	holds(t, db, sqlite)
}
