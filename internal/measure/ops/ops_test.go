// SPDX-License-Identifier: Apache-2.0

package ops_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/internal/measure/data"
	"github.com/lsmlite/lsmlite-go/internal/measure/ops"
)

// model is a store in a map, which may do something wrong.
type model struct {
	rows   map[string]string
	sorted []string // the keys, as long as there are no others
	fault  string
}

var errDisk = errors.New("the disk is full")

func (m *model) Write(batch []ops.Op) error {
	switch m.fault {
	case "fails":
		return errDisk
	case "writes nothing":
		return nil
	case "loses rows":
		batch = batch[1:]
	}
	for _, op := range batch {
		value := slices.Clone(op.Value)
		if m.fault == "writes other values" {
			value[len(value)-1] ^= 1
		}
		m.rows[string(op.Key)] = string(value)
	}
	return nil
}

func (m *model) Reader() (ops.Reader, error) { return m, nil }
func (m *model) Close() error                { return nil }

func (m *model) Get(dst, key []byte) ([]byte, bool, error) {
	value, found := m.rows[string(key)]
	switch m.fault {
	case "finds nothing":
		found = false
	case "finds everything":
		found = true
	case "reads other rows":
		for k, v := range m.rows {
			if k != string(key) {
				value = v
				break
			}
		}
	}
	return append(dst, value...), found, nil
}

func (m *model) Scan(r ops.Range, visit func(key, value []byte) error) error {
	if len(m.sorted) != len(m.rows) {
		m.sorted = slices.Sorted(maps.Keys(m.rows))
	}
	keys := m.sorted
	if r.Reverse {
		keys = slices.Clone(keys)
		slices.Reverse(keys)
	}
	if m.fault == "scans too little" {
		keys = keys[:len(keys)-1]
		r.Limit--
	}
	if r.From != nil {
		at, _ := slices.BinarySearch(keys, string(r.From))
		keys = keys[at:]
	}
	n := 0
	for _, k := range keys {
		if err := visit([]byte(k), []byte(m.rows[k])); err != nil {
			return err
		}
		if n++; n == r.Limit {
			break
		}
	}
	return nil
}

const rows = 200

// table returns a table with all rows at version 1, in a store that does its work until it has a fault.
func table(t *testing.T, keyBytes int) (*ops.Table, *model) {
	t.Helper()
	keys, err := data.NewKeys(keyBytes)
	if err != nil {
		t.Fatal(err)
	}
	values, err := data.New(100)
	if err != nil {
		t.Fatal(err)
	}
	m := &model{rows: map[string]string{}}
	tab := &ops.Table{Store: m, Rows: rows, Keys: keys, Values: values}
	w := tab.NewWriter(100)
	for row := range uint64(rows) {
		w.Add(row, 1)
		if w.Full() {
			if err := w.Commit(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return tab, m
}

func memory(n uint64) ([]uint32, error) { return make([]uint32, n), nil }

// works are the operations, each as a workload would do it.
var works = map[string]func(tab *ops.Table) error{
	"write": func(tab *ops.Table) error {
		w := tab.NewWriter(2)
		w.Add(7, 2)
		w.Add(8, 2)
		if err := w.Commit(); err != nil {
			return err
		}
		n, err := tab.Verify(func(row uint64) uint32 {
			if row == 7 || row == 8 {
				return 2
			}
			return 1
		})
		if err == nil && n != rows {
			err = errors.New("rows are missing")
		}
		return err
	},
	"get":      with(func(g *ops.Getter) error { _, err := g.Get(g.Row()); return err }),
	"sample":   with(func(g *ops.Getter) error { return g.Sample(g.Row()) }),
	"missing":  with(func(g *ops.Getter) error { return g.Missing(g.Row()) }),
	"scan":     with(func(g *ops.Getter) error { return g.Scan(rows/2, 20) }),
	"forward":  with(func(g *ops.Getter) error { _, err := g.Pass(false, nil); return err }),
	"backward": with(func(g *ops.Getter) error { _, err := g.Pass(true, nil); return err }),
	"warm":     with(func(g *ops.Getter) error { return g.Warm(func() bool { return false }) }),
}

func with(do func(g *ops.Getter) error) func(tab *ops.Table) error {
	return func(tab *ops.Table) error {
		g, err := tab.NewGetter(1)
		if err != nil {
			return err
		}
		return errors.Join(do(g), g.Close())
	}
}

func init() {
	for _, mix := range ops.Mixes {
		works["ycsb-"+mix.Letter] = func(tab *ops.Table) error {
			y, err := tab.NewYCSB(mix, 3, memory)
			if err != nil {
				return err
			}
			for range 800 {
				if err := y.Do(); err != nil {
					return err
				}
			}
			if (y.Written() == 0) != mix.ReadsOnly() {
				return errors.New("the wrong number of rows was written")
			}
			return errors.Join(y.Verify(), y.Close())
		}
	}
}

// TestRight: what a right store does is no error, with keys of any length.
func TestRight(t *testing.T) {
	for name, do := range works {
		for _, size := range []int{16, 40} {
			tab, _ := table(t, size)
			if err := do(tab); err != nil {
				t.Errorf("%s with keys of %d bytes: %v", name, size, err)
			}
		}
	}
}

// TestWrong: what a store does wrong is an error of each operation that meets it.
func TestWrong(t *testing.T) {
	all := []string{"ycsb-a", "ycsb-e"}
	for fault, noticed := range map[string][]string{
		"fails":               append(all, "write"),
		"writes nothing":      append(all, "write"),
		"writes other values": append(all, "write"),
		"loses rows":          append(all, "write"),
		"finds nothing":       {"get", "sample", "warm", "ycsb-c", "ycsb-d"},
		"reads other rows":    {"get", "sample", "warm", "ycsb-c", "ycsb-d"},
		"finds everything":    {"missing"},
		"scans too little":    append(all, "write", "scan", "forward", "backward"),
	} {
		for _, name := range noticed {
			tab, m := table(t, data.KeySize)
			m.fault = fault
			if err := works[name](tab); err == nil {
				t.Errorf("a store that %s: %s does not notice", fault, name)
			}
		}
	}
}

// TestFailedWrite: after a commit that failed the mix wants what there was before it, and goes on.
func TestFailedWrite(t *testing.T) {
	for _, mix := range ops.Mixes {
		tab, m := table(t, data.KeySize)
		y, err := tab.NewYCSB(mix, 3, memory)
		if err != nil {
			t.Fatal(err)
		}
		failed := 0
		for i := range 800 {
			if m.fault = ""; i%5 == 0 {
				m.fault = "fails"
			}
			if err := y.Do(); errors.Is(err, errDisk) {
				failed++
			} else if err != nil {
				t.Fatalf("%s, operation %d: %v", mix.Letter, i, err)
			}
		}
		m.fault = ""
		if err := y.Verify(); err != nil || (failed == 0) != mix.ReadsOnly() {
			t.Errorf("%s after %d failures: %v", mix.Letter, failed, err)
		}
	}
}

// TestPassEnds: a pass ends with the error of its caller, and says how far it came.
func TestPassEnds(t *testing.T) {
	tab, _ := table(t, data.KeySize)
	g, err := tab.NewGetter(1)
	if err != nil {
		t.Fatal(err)
	}
	enough, n := errors.New("enough"), 0
	got, err := g.Pass(false, func() error {
		if n++; n > 10 {
			return enough
		}
		return nil
	})
	if got != 10 || !errors.Is(err, enough) {
		t.Errorf("%d rows, %v; want 10", got, err)
	}
}

// TestNoAllocation: what an operation costs is the store's.
func TestNoAllocation(t *testing.T) {
	tab, _ := table(t, data.KeySize)
	tab.Store = nothing{}
	w := tab.NewWriter(1)
	w.Add(1, 1)
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		w.Add(1, 1)
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a commit takes %v allocations", n)
	}
	g, err := tab.NewGetter(1)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := g.Missing(g.Row()); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a get takes %v allocations", n)
	}
}

// nothing is a store without rows.
type nothing struct{}

func (nothing) Write([]ops.Op) error                                { return nil }
func (nothing) Reader() (ops.Reader, error)                         { return nothing{}, nil }
func (nothing) Get(dst, _ []byte) ([]byte, bool, error)             { return dst, false, nil }
func (nothing) Scan(ops.Range, func(key, value []byte) error) error { return nil }
func (nothing) Close() error                                        { return nil }
