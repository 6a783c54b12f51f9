// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// goldenDir finds the folder of databases that C lsm1 wrote.
func goldenDir(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		g := filepath.Join(dir, "shared", "golden")
		if st, err := os.Stat(g); err == nil && st.IsDir() {
			return g
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Skip("no folder shared/golden above this one: the databases written by C lsm1 are not here")
		}
		dir = up
	}
}

// logPosOf reads the log position from a database file: words 9..12 of its newest
// valid checkpoint.
func logPosOf(t testing.TB, path string) format.LogPos {
	t.Helper()
	db, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	best, bestID := format.LogPos{Sum: format.EmptyLogSum}, uint64(0)
	for _, off := range []int{0, 4096} {
		if len(db) < off+4066 {
			continue
		}
		w := make([]uint32, 4064/4)
		for i := range w {
			w[i] = binary.BigEndian.Uint32(db[off+4*i:])
		}
		id := uint64(w[0])<<32 | uint64(w[1])
		n := int(w[2])
		if n < 25 || n > len(w) || id <= bestID {
			continue
		}
		c1, c2 := uint32(1), uint32(2)
		if n%2 == 1 {
			c1 += w[n-3] & 0xFFFF
			c2 += w[n-3] & 0xFFFF0000
		}
		for i := 0; i+3 < n; i += 2 {
			c1 += c2 + w[i]
			c2 += c1 + w[i+1]
		}
		if c1 == w[n-2] && c2 == w[n-1] {
			bestID = id
			best = logPos(uint64(w[9])<<32|uint64(w[10]), w[11], w[12])
		}
	}
	return best
}

// readOnlyFile fails the test when it is written to.
type readOnlyFile struct {
	*os.File
	t testing.TB
}

func (f readOnlyFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}
func (f readOnlyFile) SectorSize() int { return 512 }
func (f readOnlyFile) WriteAt([]byte, int64) (int, error) {
	f.t.Fatal("recovery writes")
	return 0, nil
}

type goldenRow struct {
	K      string  `json:"k"`
	V      *string `json:"v"`
	N      int     `json:"n"`
	SHA256 string  `json:"sha256"`
}

func checkListing(t *testing.T, path string, m content) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := 0
	for in := bufio.NewScanner(f); in.Scan(); rows++ {
		var row goldenRow
		if err := json.Unmarshal(in.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		k, err := hex.DecodeString(row.K)
		if err != nil {
			t.Fatal(err)
		}
		v, ok := m[string(k)]
		sum := sha256.Sum256([]byte(v))
		switch {
		case !ok:
			t.Fatalf("key %s is missing", row.K)
		case row.V != nil && hex.EncodeToString([]byte(v)) != *row.V,
			row.V == nil && (len(v) != row.N || hex.EncodeToString(sum[:]) != row.SHA256):
			t.Fatalf("key %s has value %x", row.K, v)
		}
	}
	if rows != len(m) {
		t.Fatalf("%d keys, want %d", len(m), rows)
	}
}

// goldenRegions returns what C lsm1 said of the log's regions at the moment of each copy.
func goldenRegions(t *testing.T, dir string) map[string][3]Region {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Name      string
		Structure []string `json:"structure_at_end"`
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	regions := map[string][3]Region{}
	for _, db := range all {
		for _, line := range db.Structure {
			var r [3]Region
			if n, _ := fmt.Sscanf(line, "LOG %d %d %d %d %d %d", &r[0].Start, &r[0].End,
				&r[1].Start, &r[1].End, &r[2].Start, &r[2].End); n == 6 {
				regions[db.Name] = r
			}
		}
	}
	return regions
}

func TestRecoverGolden(t *testing.T) {
	dir := goldenDir(t)
	logs, err := filepath.Glob(filepath.Join(dir, "*.db-log"))
	if err != nil || len(logs) < 15 {
		t.Fatalf("found %d logs, error %v", len(logs), err)
	}
	more, err := filepath.Glob(filepath.Join(dir, "demo", "*.db-log"))
	if err != nil {
		t.Fatal(err)
	}
	regions := goldenRegions(t, dir)
	noLevels := map[string]bool{"log-only": true, "safety2-log": true}
	for _, path := range append(logs, more...) {
		name := strings.TrimSuffix(filepath.Base(path), ".db-log")
		t.Run(name, func(t *testing.T) {
			file, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			from := logPosOf(t, strings.TrimSuffix(path, "-log"))
			m := content{}
			l, r, err := Recover(readOnlyFile{file, t}, from, nil, m.apply)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			want, known := regions[name]
			if end := r.Regions[1].End; end > 0 && (end+511)/512*512 == want[1].End {
				want[1].End = end // C counts the rest of the sector that it jumps from
			}
			switch {
			case name == "b1-flush":
				// C lsm1 forgot the checksums that the log was started with, and nobody
				// can find these commits again.
				if r.Commits != 0 {
					t.Errorf("%d commits found", r.Commits)
				}
			case name == "b3-rollback-wrap":
				// What C lsm1 committed after its rolled-back wrap is lost.
				if end := (Region{205700, 216590}); r.Regions != [3]Region{2: end} || r.Commits != 90 {
					t.Errorf("%+v", r)
				}
			case r.Commits == 0:
				t.Errorf("no commits found: %+v", r)
			case known && r.Regions != want:
				t.Errorf("regions %v, want %v", r.Regions, want)
			case !known && !strings.HasPrefix(name, "demo"):
				t.Errorf("the manifest does not say what regions to expect")
			}
			if noLevels[name] {
				checkListing(t, strings.TrimSuffix(path, ".db-log")+".jsonl", m)
			}
		})
	}
}

// content is what a database holds, as the log says it.
type content map[string]string

func (m content) apply(r format.LogRecord) error {
	switch r.Op {
	case format.LogWrite:
		m[string(r.Key)] = string(r.Value)
	case format.LogDelete:
		delete(m, string(r.Key))
	case format.LogDeleteRange:
		for k := range m {
			if bytes.Compare([]byte(k), r.Key) > 0 && bytes.Compare([]byte(k), r.Value) < 0 {
				delete(m, k)
			}
		}
	}
	return nil
}
