// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// envGolden names a folder of database files written by C lsm1 (NAME.db, some
// with NAME.db-log) with their content in NAME.jsonl.
const envGolden = "LSMLITE_GOLDEN"

// start runs the driver and stops it at the end of the test, or skips the test.
func start(t *testing.T) *oracle.Client {
	t.Helper()
	binary, ok := oracle.Binary()
	if !ok {
		t.Skipf("no C lsm1: %s does not name the driver", oracle.EnvBinary)
	}
	return startBinary(t, binary)
}

func startBinary(t *testing.T, binary string) *oracle.Client {
	t.Helper()
	c, err := oracle.Start(binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abandon)
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// copyDB copies a database and its log, if there is one, and returns the path
// of the copy.
func copyDB(t *testing.T, from, to string) string {
	t.Helper()
	for _, suffix := range []string{"", "-log"} {
		b, err := os.ReadFile(from + suffix)
		if errors.Is(err, os.ErrNotExist) && suffix != "" {
			_ = os.Remove(to + suffix)
			continue
		}
		must(t, err)
		must(t, os.WriteFile(to+suffix, b, 0o644))
	}
	return to
}

func TestGoldenFilesHoldTheirListing(t *testing.T) {
	binary, ok := oracle.Binary()
	if !ok {
		t.Skipf("no C lsm1: %s does not name the driver", oracle.EnvBinary)
	}
	folder := os.Getenv(envGolden)
	if folder == "" {
		t.Skipf("no golden files: %s does not name their folder", envGolden)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.db"))
	must(t, err)
	if len(files) == 0 {
		t.Fatalf("no files in %s", folder)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".db")
		t.Run(name, func(t *testing.T) {
			c := startBinary(t, binary)
			path := copyDB(t, file, filepath.Join(t.TempDir(), "x.db"))
			must(t, c.Open(path, oracle.Compression("auto")))
			rows, err := c.Dump()
			must(t, err)
			listing, err := os.ReadFile(filepath.Join(folder, name+".jsonl"))
			must(t, err)
			if err := oracle.CompareListing(bytes.NewReader(listing), rows); err != nil {
				t.Errorf("forward: %v", err)
			}
			var again bytes.Buffer
			must(t, oracle.WriteListing(&again, rows))
			if err := oracle.CompareListing(&again, rows); err != nil {
				t.Errorf("a listing written by this package: %v", err)
			}
			back, err := c.DumpReverse()
			must(t, err)
			slices.Reverse(back)
			if d := oracle.Diff(back, rows); d != "" {
				t.Errorf("backward: %s", d)
			}
			must(t, c.Integrity())
			must(t, c.Close())
		})
	}
}

func TestRandomOperationsMatchTheModel(t *testing.T) {
	spec := oracle.Spec{
		Seed: 7, Count: 1500, Keys: 300, KeyMin: 5, KeyMax: 60,
		ValMin: 0, ValMax: 200, PctDel: 15, PctRange: 4,
	}
	model := make(oracle.Model)
	for op := range spec.Ops() {
		model.Apply(op)
	}
	c := start(t)
	must(t, c.Open(filepath.Join(t.TempDir(), "r.db"),
		oracle.PageSize(1024), oracle.BlockSizeKB(64), oracle.AutoFlushKB(16)))
	must(t, c.Random(spec))
	rows, err := c.Dump()
	must(t, err)
	if d := oracle.Diff(rows, model.Rows()); d != "" {
		t.Fatal(d)
	}
	sum, err := c.Hash()
	must(t, err)
	if want := oracle.SumOf(rows); sum != want {
		t.Errorf("hash %+v, want %+v", sum, want)
	}
	sum, err = c.HashReverse()
	must(t, err)
	slices.Reverse(rows)
	if want := oracle.SumOf(rows); sum != want {
		t.Errorf("reverse hash %+v, want %+v", sum, want)
	}
}

func TestCommands(t *testing.T) {
	c := start(t)
	path := filepath.Join(t.TempDir(), "c.db")
	if err := c.Put([]byte("a"), nil); !errors.Is(err, oracle.CodeMisuse) {
		t.Fatalf("a write before open: %v, want misuse", err)
	}
	must(t, c.Open(path, oracle.PageSize(1024), oracle.BlockSizeKB(64), oracle.Safety(2)))
	must(t, c.Put(nil, []byte("empty key")))
	must(t, c.Put([]byte("b"), nil))
	must(t, c.Begin(1))
	must(t, c.Put([]byte("c"), []byte("1")))
	must(t, c.Begin(2))
	must(t, c.Delete([]byte("b")))
	must(t, c.Rollback(2))
	must(t, c.Commit(0))
	must(t, c.Begin(1))
	must(t, c.Delete([]byte("c")))
	must(t, c.Rollback(0))

	seeks := []struct {
		key  string
		mode oracle.Mode
		want string
		ok   bool
	}{
		{"", oracle.SeekEQ, "", true},
		{"a", oracle.SeekEQ, "", false},
		{"a", oracle.SeekLE, "", true},
		{"a", oracle.SeekGE, "b", true},
		{"d", oracle.SeekLE, "c", true},
		{"d", oracle.SeekGE, "", false},
		{"d", oracle.SeekLEFast, "c", true},
	}
	for _, s := range seeks {
		row, ok, err := c.Seek([]byte(s.key), s.mode)
		must(t, err)
		if ok != s.ok || string(row.Key) != s.want {
			t.Errorf("seek %q %s: %q %v, want %q %v", s.key, s.mode, row.Key, ok, s.want, s.ok)
		}
	}
	if v, ok, err := c.Get([]byte("c")); err != nil || !ok || string(v) != "1" {
		t.Errorf("get c: %q %v %v", v, ok, err)
	}
	if v, ok, err := c.Get([]byte("b")); err != nil || !ok || len(v) != 0 {
		t.Errorf("get b: %q %v %v", v, ok, err)
	}
	rows, err := c.Scan([]byte("bb"), oracle.SeekLE, 10)
	must(t, err)
	want := []oracle.Row{{Key: []byte("b")}, {Value: []byte("empty key")}}
	if d := oracle.Diff(rows, want); d != "" {
		t.Errorf("scan: %s", d)
	}
	must(t, c.DeleteRange([]byte("a!"), []byte("b!")))
	if _, ok, err := c.Get([]byte("b")); err != nil || ok {
		t.Errorf("get b after its range went: %v %v", ok, err)
	}
	must(t, c.Flush())
	must(t, c.Checkpoint())
	if _, err := c.Work(1, -1); err != nil {
		t.Error(err)
	}
	info, err := c.Info()
	must(t, err)
	if info["page_size"] != "1024" || !strings.HasPrefix(info["structure"], "{") {
		t.Errorf("info %v", info)
	}
	must(t, c.Integrity())
	must(t, c.CloseDB())
	if _, err := os.Stat(path + "-log"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the log after a clean close: %v, want none", err)
	}
}

func TestKilledProcessReportsDeathAndLeavesTheLog(t *testing.T) {
	c := start(t)
	path := filepath.Join(t.TempDir(), "k.db")
	must(t, c.Open(path))
	must(t, c.Put([]byte("k"), []byte("v")))
	c.Kill()
	if err := c.Put([]byte("l"), nil); !errors.Is(err, oracle.ErrDead) {
		t.Fatalf("a call on a killed process: %v, want ErrDead", err)
	}
	if err := c.Checkpoint(); !errors.Is(err, oracle.ErrDead) {
		t.Fatalf("a second call: %v, want ErrDead", err)
	}
	again := start(t)
	must(t, again.Open(path))
	v, ok, err := again.Get([]byte("k"))
	if err != nil || !ok || string(v) != "v" {
		t.Fatalf("after recovery: %q %v %v", v, ok, err)
	}
}

func TestCompressedFileNeedsItsCompressor(t *testing.T) {
	for _, name := range []string{"lz4", "zlib", "zstd"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "z.db")
			c := start(t)
			must(t, c.Open(path, oracle.Compression(name), oracle.BlockSizeKB(64)))
			must(t, c.Put([]byte("k"), bytes.Repeat([]byte("v"), 5000)))
			must(t, c.CloseDB())
			must(t, c.Open(path))
			if _, err := c.Dump(); !errors.Is(err, oracle.CodeMismatch) {
				t.Errorf("without compressor: %v, want mismatch", err)
			}
			must(t, c.CloseDB())
			must(t, c.Open(path, oracle.Compression("auto")))
			rows, err := c.Dump()
			must(t, err)
			if len(rows) != 1 || len(rows[0].Value) != 5000 {
				t.Errorf("%d rows", len(rows))
			}
		})
	}
}
