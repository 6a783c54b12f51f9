// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/app"
	"github.com/lsmlite/lsmlite-go/engine"
)

// goldenFolders are the folders with databases of C lsm1: the few that are part of the
// repository, and a larger set that may lie next to it.
func goldenFolders(t *testing.T) []string {
	t.Helper()
	dirs := []string{goldenDir}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for d := wd; filepath.Dir(d) != d; d = filepath.Dir(d) {
		if g := filepath.Join(d, "shared", "golden"); exists(g) {
			dirs = append(dirs, g)
		}
	}
	return dirs
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// TestGolden holds that the subcommands that keep a database in order do so for files of C lsm1 of
// every kind, and that all rows of the listing next to each file stay what they are.
func TestGolden(t *testing.T) {
	for _, dir := range goldenFolders(t) {
		names, err := filepath.Glob(filepath.Join(dir, "*.db"))
		if err != nil || len(names) == 0 {
			t.Fatal(names, err)
		}
		for _, name := range names {
			listing := strings.TrimSuffix(name, ".db") + ".jsonl"
			if !exists(listing) {
				continue // that of another file
			}
			t.Run(filepath.Base(dir)+"/"+filepath.Base(name), func(t *testing.T) {
				t.Parallel()
				g := golden1{t: t, dir: t.TempDir(), listing: listing}
				g.take(name)
				g.care()
			})
		}
	}
}

// golden1 is one database of C lsm1.
type golden1 struct {
	t            *testing.T
	dir, listing string
}

// take copies the database and its log.
func (g *golden1) take(name string) {
	for _, suffix := range []string{"", "-log"} {
		if content, err := os.ReadFile(name + suffix); err == nil {
			if err := os.WriteFile(g.path("my.lsm")+suffix, content, 0o600); err != nil {
				g.t.Fatal(err)
			}
		}
	}
}

func (g *golden1) path(name string) string { return filepath.Join(g.dir, name) }

// run runs a subcommand, which has to end with exit code 0, and returns what it prints.
func (g *golden1) run(args ...string) string {
	g.t.Helper()
	var out, problems bytes.Buffer
	if code := app.Main(args, strings.NewReader(""), &out, &problems); code != 0 {
		g.t.Fatalf("lsmlite %q: exit code %d\n%s%s", args, code, &out, &problems)
	}
	return out.String()
}

// care runs the subcommands one after the other.
func (g *golden1) care() {
	my, copy := g.path("my.lsm"), g.path("copy.lsm")
	if out := g.run("identify", "--json", my); !strings.Contains(out, `"kind":"lsm1"`) && !strings.Contains(out, `"bytes":0`) {
		g.t.Errorf("identify: %s", out)
	}
	g.run("check", my)
	g.run("stats", my)
	g.run("backup", "--verify", my, copy)
	g.compare(copy)
	g.run("diff", my, copy)
	g.recover(my)
	g.run("rewrite", "--compression", "zstd", my, g.path("zstd.lsm"))
	g.compare(g.path("zstd.lsm"))
	g.run("checkpoint", my)
	g.compare(my)
	g.run("optimize", my)
	g.run("check", my)
	g.compare(my)
	g.run("rewrite", "--page-size", "2048", "--block-size", "65536", my)
	g.compare(my)
	g.run("restore", "--force", copy, my)
	g.compare(my)
}

// recover rescues the database, which is not damaged, except that some have one meta page only.
func (g *golden1) recover(my string) {
	g.t.Helper()
	to := g.path("recovered.lsm")
	var out, problems bytes.Buffer
	code := app.Main([]string{"recover", "--json", my, to}, strings.NewReader(""), &out, &problems)
	var report struct {
		Older bool  `json:"older_checkpoint"`
		Bytes int64 `json:"bytes"`
	}
	if err := json.Unmarshal(out.Bytes(), &report); code == 4 && exists(my) && !exists(to) && !exists(my+"-log") {
		g.t.Logf("an empty file: %s", &problems)
		return
	} else if err != nil || code != 0 && !report.Older {
		g.t.Fatalf("recover: exit code %d, %v\n%s%s", code, err, &out, &problems)
	}
	g.compare(to)
}

// compare compares the rows of a database with the listing.
func (g *golden1) compare(path string) {
	g.t.Helper()
	db, err := engine.Open(g.t.Context(), path, engine.Options{ReadOnly: true, MustExist: true})
	if err != nil {
		g.t.Fatal(err)
	}
	defer db.Close()
	c, err := db.Cursor(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	defer c.Close()
	f, err := os.Open(g.listing)
	if err != nil {
		g.t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	more := c.First()
	for n := 1; lines.Scan(); n++ {
		if !more {
			g.t.Fatalf("%s ends before row %d: %v", path, n, c.Err())
		}
		if err := matches(lines.Bytes(), c); err != nil {
			g.t.Fatalf("%s, row %d: %v", path, n, err)
		}
		more = c.Next()
	}
	if more || c.Err() != nil || lines.Err() != nil {
		g.t.Fatalf("%s: more rows than in the listing (%v), %v, %v", path, more, c.Err(), lines.Err())
	}
}

// matches compares a line of the listing with the row that a cursor is on.
func matches(line []byte, c *engine.Cursor) error {
	var row struct {
		K      string
		V      *string
		N      int
		SHA256 string
	}
	if err := json.Unmarshal(line, &row); err != nil {
		return err
	}
	value, err := c.Value()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(value)
	same := row.V != nil && *row.V == hex.EncodeToString(value) ||
		row.V == nil && row.N == len(value) && row.SHA256 == hex.EncodeToString(sum[:])
	if !same || row.K != hex.EncodeToString(c.Key()) {
		return fmt.Errorf("key %x with a value of %d bytes is not %.100s", c.Key(), len(value), line)
	}
	return nil
}
