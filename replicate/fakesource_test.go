// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"hash/crc32"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// fakeSource is a database in memory that remembers all its transactions.
type fakeSource struct {
	mu      sync.Mutex
	txs     [][]object.Op
	pos     []object.Position // after each transaction, that before the first one included
	times   []time.Time       // of each commit
	start   int               // transactions before it are not in the log any more
	changed chan struct{}
	sealed  bool
}

func newFakeSource() *fakeSource {
	return &fakeSource{pos: []object.Position{{Seq: 0, Off: 8, Sum: [2]uint32{1, 2}}}, changed: make(chan struct{})}
}

// commit adds a transaction and returns its number.
func (f *fakeSource) commit(ops ...object.Op) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := f.pos[len(f.pos)-1]
	var raw []byte
	for _, op := range ops {
		raw = object.AppendOp(raw, op)
	}
	next := object.Position{Seq: last.Seq + 1, Off: last.Off + int64(len(raw)) + 10}
	next.Sum = [2]uint32{crc32.Update(last.Sum[0], crc32.IEEETable, append(raw, 1)), crc32.Update(last.Sum[1], crc32.MakeTable(crc32.Castagnoli), append(raw, 2))}
	f.txs, f.pos, f.times = append(f.txs, ops), append(f.pos, next), append(f.times, time.Now())
	close(f.changed)
	f.changed = make(chan struct{})
	return next.Seq
}

// forget makes the log begin after a transaction.
func (f *fakeSource) forget(seq uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.start = int(seq)
	close(f.changed)
	f.changed = make(chan struct{})
}

// clone is a copy of the database, which goes on by itself.
func (f *fakeSource) clone() *fakeSource {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &fakeSource{txs: slices.Clone(f.txs), pos: slices.Clone(f.pos), times: slices.Clone(f.times), start: f.start, changed: make(chan struct{})}
}

func (f *fakeSource) encrypted() bool { return f.sealed }

// model returns the rows after a number of transactions.
func (f *fakeSource) model(seq uint64) map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := make(map[string]string)
	for _, tx := range f.txs[:seq] {
		for _, op := range tx {
			switch op.Kind {
			case object.OpPut:
				m[string(op.Key)] = string(op.Value)
			case object.OpDelete:
				delete(m, string(op.Key))
			case object.OpDeleteRange:
				for k := range m {
					if k > string(op.Key) && k < string(op.Value) {
						delete(m, k)
					}
				}
			}
		}
	}
	return m
}

type fakeSnapshot struct {
	f   *fakeSource
	pos object.Position
}

func (f *fakeSource) snapshot(ctx context.Context) (sourceSnapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &fakeSnapshot{f: f, pos: f.pos[len(f.pos)-1]}, nil
}

func (s *fakeSnapshot) position() object.Position { return s.pos }
func (s *fakeSnapshot) close()                    {}
func (s *fakeSnapshot) rows(ctx context.Context) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		m := s.f.model(s.pos.Seq)
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(row{key: []byte(k), value: []byte(m[k])}, ctx.Err()) {
				return
			}
		}
	}
}

func (f *fakeSource) changes(ctx context.Context, from object.Position) iter.Seq2[sourceChange, error] {
	return func(yield func(sourceChange, error) bool) {
		at := -1
		for {
			f.mu.Lock()
			if at < 0 {
				at = slices.IndexFunc(f.pos, func(p object.Position) bool { return p.Sum == from.Sum })
			}
			found, end, changed := at >= f.start && at >= 0, at == len(f.txs), f.changed
			var c sourceChange
			if found && !end {
				ops := f.txs[at]
				c.pos = f.pos[at+1]
				c.ops = func(yield func(object.Op, error) bool) {
					for _, op := range ops {
						if !yield(op, nil) {
							return
						}
					}
				}
			}
			f.mu.Unlock()
			switch {
			case !found:
				yield(sourceChange{}, errGap)
				return
			case !end:
				if !yield(c, nil) {
					return
				}
				at++
			default:
				select {
				case <-changed:
				case <-ctx.Done():
					yield(sourceChange{}, ctx.Err())
					return
				}
			}
		}
	}
}

// randomTx returns operations of a random transaction over a few keys.
func randomTx(rng *rand.Rand) (ops []object.Op) {
	key := func() []byte { return strconv.AppendInt([]byte("k"), rng.Int64N(300), 10) }
	for range 1 + rng.IntN(6) {
		switch n := rng.IntN(20); {
		case n < 14:
			value := make([]byte, rng.IntN(1+rng.IntN(400)))
			for i := range value {
				value[i] = byte('a' + rng.IntN(4))
			}
			ops = append(ops, object.Op{Kind: object.OpPut, Key: key(), Value: value})
		case n < 18:
			ops = append(ops, object.Op{Kind: object.OpDelete, Key: key()})
		default:
			a, b := key(), key()
			if string(a) > string(b) {
				a, b = b, a
			}
			ops = append(ops, object.Op{Kind: object.OpDeleteRange, Key: a, Value: b})
		}
	}
	return ops
}

// content returns the rows of a database.
func content(t *testing.T, db *engine.DB) map[string]string {
	t.Helper()
	m := make(map[string]string)
	c, err := db.Cursor(t.Context())
	ok(t, err)
	defer func() { ok(t, c.Close()) }()
	for there := c.First(); there; there = c.Next() {
		v, err := c.Value()
		ok(t, err)
		m[string(c.Key())] = string(v)
	}
	ok(t, c.Err())
	return m
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
