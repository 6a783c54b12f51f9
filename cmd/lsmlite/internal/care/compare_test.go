// SPDX-License-Identifier: Apache-2.0

package care

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// model is a database as a map.
type model map[string]string

// randomModel has keys of few letters, so that many are shared and prefixes of others, and values
// of which some are long.
func randomModel(rng *rand.Rand, like model) model {
	m := model{}
	for k, v := range like {
		if rng.IntN(3) > 0 {
			m[k] = v
		}
	}
	for range rng.IntN(60) {
		key := make([]byte, rng.IntN(4))
		for i := range key {
			key[i] = []byte{0, 'a', 'b', 0xff}[rng.IntN(4)]
		}
		m[string(key)] = randomValue(rng)
	}
	return m
}

func randomValue(rng *rand.Rand) string {
	n := []int{0, 1, 20, compareChunk - 1, compareChunk, compareChunk + 1, 3*compareChunk + 5}[min(rng.IntN(40), 6)]
	value := bytes.Repeat([]byte{byte(rng.IntN(3))}, n)
	if n > 0 && rng.IntN(2) == 0 {
		value[n-1] = 7 // only the last byte differs
	}
	return string(value)
}

// store makes a database of a model.
func (m model) store(t *testing.T, rng *rand.Rand) *engine.DB {
	t.Helper()
	o := small(memfs.New())
	o.PageSize = []int{256, 1024, 4096}[rng.IntN(3)]
	o.Compression = []string{"", "lz4", "zstd"}[rng.IntN(3)]
	db, err := engine.Open(t.Context(), "/db.lsm", o)
	ok(t, err)
	for k, v := range m {
		ok(t, db.Update(t.Context(), func(tx *engine.Tx) error {
			if err := tx.Put([]byte(k), []byte("another value")); err != nil || rng.IntN(2) == 0 {
				return err
			}
			return tx.Put([]byte("deleted"), nil)
		}))
		ok(t, db.Update(t.Context(), func(tx *engine.Tx) error { return tx.Put([]byte(k), []byte(v)) }))
	}
	if _, is := m["deleted"]; !is {
		ok(t, db.Update(t.Context(), func(tx *engine.Tx) error { return tx.Delete([]byte("deleted")) }))
	}
	return db
}

// expected are the lines of a diff of two models in a range.
func expected(a, b model, within row.Range) (lines []string, n counts) {
	var keys []string
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if _, both := a[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		if bytes.Compare([]byte(k), within.From) < 0 || within.To != nil && bytes.Compare([]byte(k), within.To) >= 0 {
			continue
		}
		va, inA := a[k]
		vb, inB := b[k]
		sign := ""
		switch {
		case !inB:
			sign = "-"
			n.OnlyFirst++
		case !inA:
			sign = "+"
			n.OnlySecond++
		case va != vb:
			sign = "~"
			n.OtherValue++
		default:
			n.Equal++
			continue
		}
		lines = append(lines, sign+" "+text.Show([]byte(k)))
	}
	return lines, n
}

// TestDiffAgainstModel compares the diff of random databases, of other pages and codecs, with that of two maps.
func TestDiffAgainstModel(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 1))
		a := randomModel(rng, nil)
		b := randomModel(rng, a)
		within := row.Range{}
		if rng.IntN(2) == 0 {
			within = row.Range{From: []byte("a"), To: []byte("b\xff")}
		}
		if rng.IntN(3) == 0 {
			within = row.Prefix([]byte("a")).And(within)
		}
		want, n := expected(a, b, within)
		lines, err := diffOf(t, a.store(t, rng), b.store(t, rng), within)
		summary := lines[len(lines)-1]
		if got := lines[:len(lines)-1]; !slices.Equal(got, want) {
			t.Fatalf("seed %d: %q, want %q", seed, got, want)
		}
		var said struct{ Summary counts }
		if jsonErr := json.Unmarshal([]byte(summary), &said); jsonErr != nil || said.Summary != n {
			t.Fatalf("seed %d: %s, want %+v, %v", seed, summary, n, jsonErr)
		}
		if (env.CodeOf(err) == env.No) != (n.different() > 0) || !env.IsSilent(err) && err != nil {
			t.Fatalf("seed %d: %v with %+v", seed, err, n)
		}
	}
}

// diffOf returns the lines of a diff, and its summary in JSON.
func diffOf(t *testing.T, a, b *engine.DB, within row.Range) ([]string, error) {
	t.Helper()
	defer a.Close()
	defer b.Close()
	first, err := a.Cursor(t.Context())
	ok(t, err)
	defer first.Close()
	second, err := b.Cursor(t.Context())
	ok(t, err)
	defer second.Close()
	var out strings.Builder
	e := &env.Env{Globals: env.Globals{Quiet: true}, Stdout: &out, Stderr: io.Discard}
	d := Diff{First: "a", Second: "b"}
	c := comparison{first: first, second: second, within: within, found: func(kind difference) error { return d.print(e, kind, first, second) }}
	ok(t, c.run(t.Context()))
	e.JSON = true
	err = d.summary(e, c.counts)
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"), err
}

// TestDiffOfLongValues holds that two values of 16 MiB are compared in little memory.
func TestDiffOfLongValues(t *testing.T) {
	const long = 16 << 20
	dir := t.TempDir()
	store := func(name string, last byte) *engine.DB {
		db, err := engine.Open(t.Context(), fmt.Sprintf("%s/%s.lsm", dir, name), engine.Options{Safety: engine.SafetyOff})
		ok(t, err)
		value := io.MultiReader(io.LimitReader(zeros{}, long-1), bytes.NewReader([]byte{last}))
		ok(t, db.Update(t.Context(), func(tx *engine.Tx) error { return tx.PutReader([]byte("long"), value, long) }))
		ok(t, db.Close())
		db, err = engine.Open(t.Context(), fmt.Sprintf("%s/%s.lsm", dir, name), engine.Options{ReadOnly: true})
		ok(t, err)
		return db
	}
	a, b := store("a", 1), store("b", 2)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	lines, _ := diffOf(t, a, b, row.Range{})
	runtime.ReadMemStats(&after)
	if lines[0] != "~ long" {
		t.Errorf("%q", lines)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > long/8 {
		t.Errorf("%d bytes were allocated to compare two values of %d bytes", n, long)
	}
}

// zeros reads as zero bytes without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
