// SPDX-License-Identifier: Apache-2.0

package secondreader_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/secondreader"
)

// inserts returns n rows in order.
func inserts(n int, prefix, value string) (out []cell) {
	for i := range n {
		out = append(out, cell{8, fmt.Sprintf("%s%06d", prefix, i), fmt.Sprintf("%s%d", value, i)})
	}
	return out
}

// sample is a database of two segments and three transactions, with the rows that it has.
func sample(t *testing.T, suite uint16, codec uint32) (*made, []secondreader.Row) {
	m := &made{t: t, suite: suite, codec: codec, kek: bytes.Repeat([]byte{7}, 32), passphrase: []byte("a phrase"), rounds: 100}
	m.segments = [][]cell{
		{{1, "a000003", ""}, {2, "a000006", ""}, {8, "a000007", "newer"}, {4, "a000009", ""}},
		inserts(3000, "a", "value"),
	}
	m.log = [][]cell{
		{{6, "b", "one"}, {6, "c", strings.Repeat("long", 100)}},
		{{8, "a000000", ""}},
		{{0x0a, "a000010", "a002999"}, {6, "d", ""}},
	}
	rows := []secondreader.Row{}
	for _, i := range []int{1, 2, 3, 6, 7, 8, 10, 2999} {
		rows = append(rows, secondreader.Row{Key: fmt.Sprintf("a%06d", i), Value: fmt.Sprintf("value%d", i)})
	}
	rows[4].Value = "newer"
	rows = append(rows, secondreader.Row{Key: "b", Value: "one"}, secondreader.Row{Key: "c", Value: strings.Repeat("long", 100)},
		secondreader.Row{Key: "d"})
	return m, rows
}

func raw(m *made) secondreader.Key { return secondreader.Key{Raw: m.kek} }

// TestRead: what the writer wrote is read, under each suite, codec and kind of key.
func TestRead(t *testing.T) {
	for _, suite := range []uint16{1, 2} {
		for _, codec := range []uint32{1, 10002} {
			t.Run(fmt.Sprintf("suite %d codec %d", suite, codec), func(t *testing.T) {
				m, rows := sample(t, suite, codec)
				m.remote = []byte("wrapped")
				m.write()
				unwrap := func(name string, wrapped []byte) []byte {
					if name == "name" && string(wrapped) == "wrapped" {
						return m.dek
					}
					return nil
				}
				for _, key := range []secondreader.Key{raw(m), {Passphrase: m.passphrase}, {Unwrap: unwrap}} {
					d, err := secondreader.Read(m.file, m.logFile, key)
					if err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(d.Rows, rows) {
						t.Fatalf("rows %v, want %v", d.Rows, rows)
					}
					if d.Commits != 10 || len(d.Replayed) != 3 || len(d.Slots) != 3 || len(d.Salts) != 2 {
						t.Errorf("%d commits, %d in the log, %d slots, %d salts", d.Commits, len(d.Replayed), len(d.Slots), len(d.Salts))
					}
				}
				if _, err := secondreader.Read(m.file, m.logFile, secondreader.Key{Raw: make([]byte, 32)}); !errors.Is(err, secondreader.ErrKey) {
					t.Errorf("with another key: %v", err)
				}
				if _, err := secondreader.Read(m.file, m.logFile, secondreader.Key{Passphrase: []byte("another")}); !errors.Is(err, secondreader.ErrKey) {
					t.Errorf("with another passphrase: %v", err)
				}
			})
		}
	}
}

// TestFlips: no changed byte of file or log, with all checksums that need no key repaired, lets other rows be read.
func TestFlips(t *testing.T) {
	m, _ := sample(t, 1, 1)
	m.segments[1] = m.segments[1][:20]
	m.passphrase = nil
	m.write()
	d, err := secondreader.Read(m.file, m.logFile, raw(m))
	if err != nil {
		t.Fatal(err)
	}
	used := make([]bool, len(m.file)) // bytes whose change must be noticed
	for i := range 2 {
		mark := used[4096*i:]
		for j := range 4 * be.Uint32(m.file[8:]) {
			mark[j] = true
		}
		area := 2048 + 76 + 16*len(d.Salts) + int(be.Uint16(m.file[2048+74:]))
		for j := 2048; j < area+36; j++ {
			mark[j] = true
		}
	}
	for _, s := range d.Segments {
		for _, p := range s {
			for j := range p.Size + 6 {
				used[int(p.Number)+j] = true
			}
		}
	}
	for i := range m.file {
		if !used[i] && i%29 != 0 {
			continue // of padding and of what is free, a part will do
		}
		file := slices.Clone(m.file)
		file[i] ^= 0x10
		if i < 8192 {
			secondreader.Repair(file)
		}
		got, err := secondreader.Read(file, m.logFile, raw(m))
		if err == nil && bytes.Equal(file[:8192], m.file[:8192]) && i < 8192 {
			continue // a checksum, repaired
		}
		if used[i] && err == nil && !fewer(m.file, file) {
			t.Fatalf("byte %d: nothing was noticed", i)
		}
		if err == nil && !slices.Equal(got.Rows, d.Rows) {
			t.Fatalf("byte %d: other rows", i)
		}
	}
}

// fewer reports whether a change has made one of the meta pages one that is not whole, so that the other counts.
func fewer(before, after []byte) bool {
	for i := range 2 {
		a, b := before[4096*i:][:4066], after[4096*i:][:4066]
		if !bytes.Equal(a, b) && !secondreader.Whole(b) {
			return true
		}
	}
	return false
}

// TestLogFlips: the same of the log. Where the checksum of the commit does not agree, the log ends before it.
func TestLogFlips(t *testing.T) {
	m, _ := sample(t, 1, 1)
	m.segments, m.passphrase = nil, nil
	m.write()
	var states [][]secondreader.Row // after each commit
	for n := range len(m.log) + 1 {
		c := *m
		c.log = m.log[:n]
		c.write()
		d, err := secondreader.Read(c.file, c.logFile, raw(&c))
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, d.Rows)
	}
	d, err := secondreader.Read(m.file, m.logFile, raw(m))
	if err != nil {
		t.Fatal(err)
	}
	var tamperedNum, shorter int
	for i := range m.logFile {
		for _, repair := range []bool{false, true} {
			log := slices.Clone(m.logFile)
			log[i] ^= 0x21
			if repair {
				secondreader.RepairLog(m.file, m.logFile, log)
			}
			got, err := secondreader.Read(m.file, log, raw(m))
			if errors.Is(err, secondreader.ErrTampered) {
				tamperedNum++
				continue
			}
			if err != nil {
				t.Fatalf("byte %d: %v", i, err)
			}
			if len(got.Replayed) < len(d.Replayed) {
				shorter++
			}
			if !slices.Equal(got.Rows, states[len(got.Replayed)]) {
				t.Fatalf("byte %d, repaired %v: rows that no commit left", i, repair)
			}
		}
	}
	if tamperedNum == 0 || shorter == 0 {
		t.Errorf("%d times tampered, %d times shorter", tamperedNum, shorter)
	}
}

// TestPlaces: pages that are sealed with the right key, but are in another place, order or number than they say.
func TestPlaces(t *testing.T) {
	for name, change := range map[string]func(*made){
		"two pages swapped":         func(m *made) { m.pages = func(r [][]byte) [][]byte { r[1], r[2] = r[2], r[1]; return r } },
		"a page dropped":            func(m *made) { m.pages = func(r [][]byte) [][]byte { return slices.Delete(r, 1, 2) } },
		"the first dropped":         func(m *made) { m.pages = func(r [][]byte) [][]byte { return r[1:] } },
		"the last dropped":          func(m *made) { m.pages = func(r [][]byte) [][]byte { return r[:len(r)-1] } },
		"a page twice":              func(m *made) { m.pages = func(r [][]byte) [][]byte { return append(r, r[len(r)-1]) } },
		"another number":            func(m *made) { m.page = func(n int, number, _ *uint64, _ *byte) { *number += uint64(n / 2) } },
		"another previous page":     func(m *made) { m.page = func(n int, _, previous *uint64, _ *byte) { *previous += uint64(n / 2) } },
		"a first page with another": func(m *made) { m.page = func(n int, _, previous *uint64, _ *byte) { *previous++ } },
		"the last flag early":       func(m *made) { m.page = func(n int, _, _ *uint64, last *byte) { *last = 1 } },
		"no last flag":              func(m *made) { m.page = func(n int, _, _ *uint64, last *byte) { *last = 0 } },
		"frames swapped": func(m *made) {
			m.frames = func(f [][]byte) [][]byte { f[len(f)-1], f[0] = f[0], f[len(f)-1]; return f }
		},
		"a frame dropped":      func(m *made) { m.frames = func(f [][]byte) [][]byte { return f[1:] } },
		"the last one dropped": func(m *made) { m.frames = func(f [][]byte) [][]byte { return f[:len(f)-1] } },
		"a frame twice":        func(m *made) { m.frames = func(f [][]byte) [][]byte { return append(f, f[len(f)-1]) } },
		"no frames":            func(m *made) { m.frames = func(f [][]byte) [][]byte { return nil } },
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := sample(t, 1, 1)
			m.segments, m.passphrase = [][]cell{inserts(100, "a", "value")}, nil
			change(m)
			m.write()
			if _, err := secondreader.Read(m.file, m.logFile, raw(m)); !errors.Is(err, secondreader.ErrTampered) {
				t.Errorf("%v, want that it was tampered with", err)
			}
		})
	}
}

// TestBlocks: records that are cut anywhere by the end of a block.
func TestBlocks(t *testing.T) {
	for more := range 40 {
		m := &made{t: t, suite: 2, codec: 1, kek: bytes.Repeat([]byte{7}, 32)}
		cells := append([]cell{{8, "a", strings.Repeat("x", 3*more)}}, inserts(6000+7*more, "k", "v")...)
		m.segments = [][]cell{cells}
		m.write()
		d, err := secondreader.Read(m.file, nil, raw(m))
		if err != nil {
			t.Fatalf("%d: %v", more, err)
		}
		if len(d.Rows) != len(cells) {
			t.Errorf("%d rows, want %d", len(d.Rows), len(cells))
		}
	}
}
