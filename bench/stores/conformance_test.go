// SPDX-License-Identifier: Apache-2.0

package stores

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// TestConformance runs random changes, reads and scans on every store in both classes, and compares
// all that it reads with a model; then it does so again after closing and opening.
func TestConformance(t *testing.T) {
	for _, d := range All() {
		for _, class := range []kv.Class{kv.Normal, kv.Full} {
			t.Run(d.Name+"/"+string(class), func(t *testing.T) {
				t.Parallel()
				c := config(t, class)
				m := model{}
				random := rand.New(rand.NewPCG(1, 2))
				for range 2 {
					s, err := d.Open(c)
					if err != nil {
						t.Fatal(err)
					}
					r, err := s.Reader()
					if err != nil {
						t.Fatal(err)
					}
					err = conform(s, r, m, random)
					if err := errors.Join(err, r.Close(), s.Close()); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

func config(t *testing.T, class kv.Class) kv.Config {
	return kv.Config{Dir: t.TempDir(), Class: class, CacheBytes: 8 << 20, BufferBytes: 8 << 20}
}

// keys is how many different keys there are, few enough that changes meet.
const keys = 300

func randomKey(random *rand.Rand) []byte {
	return fmt.Appendf(nil, "%016d", 2*random.IntN(keys))
}

func conform(s kv.Store, r kv.Reader, m model, random *rand.Rand) error {
	everything := []kv.Range{{}, {Reverse: true}}
	for _, all := range everything { // what was there when the store was opened
		if err := m.compare(r, all); err != nil {
			return fmt.Errorf("after opening: %w", err)
		}
	}
	for step := range 40 {
		if err := change(s, m, random); err != nil {
			return err
		}
		for range 5 {
			key := fmt.Appendf(nil, "%016d", random.IntN(2*keys+2)) // half of them are never there
			if err := m.get(r, key); err != nil {
				return err
			}
			if err := m.compare(r, kv.Range{From: key, Limit: random.IntN(20), Reverse: random.IntN(2) == 0}); err != nil {
				return err
			}
		}
		if step == 15 {
			if err := s.Flush(); err != nil {
				return fmt.Errorf("flush: %w", err)
			}
		}
	}
	for _, all := range everything {
		if err := m.compare(r, all); err != nil {
			return err
		}
	}
	return nil
}

func change(s kv.Store, m model, random *rand.Rand) error {
	if random.IntN(8) == 0 {
		from, to := randomKey(random), randomKey(random)
		if bytes.Compare(from, to) > 0 {
			from, to = to, from
		}
		if bytes.Equal(from, to) {
			return nil
		}
		m.deleteRange(from, to)
		return s.DeleteRange(from, to)
	}
	ops := make([]kv.Op, 1+random.IntN(30))
	for i := range ops {
		ops[i] = kv.Op{Key: randomKey(random), Delete: random.IntN(4) == 0}
		if !ops[i].Delete {
			ops[i].Value = fmt.Appendf(nil, "value %0*d", random.IntN(200), random.Uint32())
		}
	}
	m.write(ops)
	err := s.Write(ops)
	for i := range ops { // the slices are the caller's again
		clear(ops[i].Key)
		clear(ops[i].Value)
	}
	return err
}

// TestWriters lets goroutines write at the same time while one reads: nothing is lost, and a reader
// never sees a part of a batch.
func TestWriters(t *testing.T) {
	const writers, batches = 4, 20
	for _, d := range All() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			c := config(t, kv.Full)
			c.Writers = writers
			s, err := d.Open(c)
			if err != nil {
				t.Fatal(err)
			}
			var group sync.WaitGroup
			failed := make(chan error, writers+1)
			for w := range writers {
				group.Go(func() {
					for b := range batches {
						ops := []kv.Op{
							{Key: fmt.Appendf(nil, "%d a %04d", w, b), Value: []byte("first")},
							{Key: fmt.Appendf(nil, "%d b %04d", w, b), Value: []byte("second")},
						}
						if err := s.Write(ops); err != nil {
							failed <- err
							return
						}
					}
				})
			}
			group.Go(func() { failed <- watch(s, batches) })
			group.Wait()
			r, err := s.Reader()
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			err = r.Scan(kv.Range{}, func(_, _ []byte) error { n++; return nil })
			if err := errors.Join(err, r.Close(), s.Close(), <-failed); err != nil {
				t.Fatal(err)
			}
			if n != 2*writers*batches {
				t.Errorf("%d records, want %d", n, 2*writers*batches)
			}
		})
	}
}

// watch scans and looks for half of a batch.
func watch(s kv.Store, batches int) error {
	r, err := s.Reader()
	if err != nil {
		return err
	}
	defer r.Close()
	for range batches {
		seen := map[byte]int{}
		err := r.Scan(kv.Range{}, func(key, _ []byte) error {
			if key[2] == 'a' {
				seen[key[0]]++
			} else {
				seen[key[0]]--
			}
			return nil
		})
		if err != nil {
			return err
		}
		for writer, n := range seen {
			if n != 0 {
				return fmt.Errorf("writer %c: %d batches are there in part", writer, n)
			}
		}
	}
	return nil
}

// TestStopScan makes sure that an error of visit ends a scan and is returned.
func TestStopScan(t *testing.T) {
	stop := errors.New("stop")
	for _, d := range All() {
		t.Run(d.Name, func(t *testing.T) {
			s, err := d.Open(config(t, kv.Normal))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Write([]kv.Op{{Key: []byte("a"), Value: []byte("1")}, {Key: []byte("b"), Value: []byte("2")}}); err != nil {
				t.Fatal(err)
			}
			r, err := s.Reader()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			calls := 0
			err = r.Scan(kv.Range{}, func(_, _ []byte) error { calls++; return stop })
			if !errors.Is(err, stop) || calls != 1 {
				t.Errorf("%d calls, %v; want 1, %v", calls, err, stop)
			}
		})
	}
}

// TestDescriptions wants each driver to say what a report needs.
func TestDescriptions(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range All() {
		if d.Name == "" || seen[d.Name] || d.Module == "" || d.KillLoses == "" {
			t.Errorf("driver %q, module %q, losses %q", d.Name, d.Module, d.KillLoses)
		}
		seen[d.Name] = true
		for _, class := range []kv.Class{kv.Normal, kv.Full} {
			if d.Settings[class] == "" {
				t.Errorf("%s does not say what makes class %s", d.Name, class)
			}
		}
		if found, err := Find(d.Name); err != nil || found.Name != d.Name {
			t.Errorf("find %s: %q, %v", d.Name, found.Name, err)
		}
	}
	if _, err := Find("none"); err == nil {
		t.Error("a store named none was found")
	}
}
