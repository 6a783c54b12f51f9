// SPDX-License-Identifier: Apache-2.0

package work

import (
	"errors"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/meter"
	"github.com/lsmlite/lsmlite-go/internal/measure/data"
)

func removals() []Workload {
	all := []Workload{{
		Name: "rangedelete", Unit: "call", Base: Copy, Classes: both,
		About: "delete a tenth of the rows, all next to each other, in one call just after opening, with the database's files " +
			"dropped from the page cache before",
		run: (*run).rangeDelete,
	}}
	for _, batch := range []int{1, 100} {
		all = append(all, Workload{
			Name: "queue", Batch: batch, Unit: "row", Classes: both,
			About: fmt.Sprintf("read the first rows of a queue, delete them, and write as many at its end, %d to a commit", batch),
			run:   func(r *run) error { return r.queue(batch) },
		})
	}
	return all
}

// rangeDelete deletes once what is measured, and then, for a further figure, eight times a hundredth.
func (r *run) rangeDelete() error {
	if r.Rows < 1000 {
		return fmt.Errorf("%d rows; range deletes take 1,000 or more", r.Rows)
	}
	left, err := meter.DropCache(r.Dir)
	if err != nil {
		return err
	}
	r.result.Extra["left_cached_percent"] = 100 * left
	if err := r.open(1); err != nil {
		return err
	}
	deleted := make([]bool, r.Rows)
	remove := func(from, n uint64) error {
		for row := from; row < from+n; row++ {
			deleted[row] = true
		}
		return r.store.DeleteRange(data.Key(nil, from), data.Key(nil, from+n))
	}
	tenth, hundredth := r.Rows/10, r.Rows/100
	err = r.measureWrites(func() (uint64, error) { return 1, remove(3*tenth, tenth) })
	if err != nil {
		return err
	}
	const calls = 8
	begun := time.Now()
	for i := range uint64(calls) {
		if err := remove(5*tenth+2*i*hundredth, hundredth); err != nil {
			return err
		}
	}
	r.result.Extra["warm_hundredth_us"] = float64(time.Since(begun).Microseconds()) / calls
	return r.verifyDeleted(deleted)
}

// verifyDeleted wants all rows except those that were deleted.
func (r *run) verifyDeleted(deleted []bool) error {
	want := uint64(0)
	for _, d := range deleted {
		if !d {
			want++
		}
	}
	n, err := r.verify(func(row uint64) uint32 {
		if deleted[row] {
			return 0 // no row has this version, so it is an error
		}
		return 1
	})
	if err == nil && n != want {
		err = fmt.Errorf("there are %d rows, and there should be %d", n, want)
	}
	return err
}

// headReads is how often the head of the queue is read, for headTime at most, after as many times that do
// not count.
const (
	headReads = 20_000
	headTime  = 200 * time.Millisecond
)

// queue keeps a tenth of the rows in a queue while all of them pass through it.
func (r *run) queue(batch int) error {
	if err := r.open(1); err != nil {
		return err
	}
	q := &queue{r: r, batch: batch, ops: make([]kv.Op, 2*batch)}
	if err := q.newReader(); err != nil {
		return err
	}
	defer func() {
		if q.reader != nil {
			q.reader.Close()
		}
	}()
	depth := max(r.Rows/10, uint64(batch))
	w := r.newWriter(1000)
	for ; q.tail < depth; q.tail++ {
		w.Add(q.tail, 1)
		if w.Full() || q.tail+1 == depth {
			if err := w.commit(); err != nil {
				return err
			}
		}
	}
	err := r.measureWrites(func() (uint64, error) {
		passes, err := r.upTo(max(r.Rows/uint64(batch), 1), q.pass)
		return passes * uint64(batch), err
	})
	if err != nil {
		return err
	}
	r.logical(uint64(r.result.Ops))
	if err := q.readHead(""); err != nil {
		return err
	}
	if err := q.reopen(); err != nil {
		return err
	}
	if err := q.readHead("reopened_"); err != nil {
		return err
	}
	n, err := r.verify(func(row uint64) uint32 {
		if row < q.head || row >= q.tail {
			return 0
		}
		return 1
	})
	if err == nil && n != q.tail-q.head {
		err = fmt.Errorf("the queue has %d rows, and there should be %d", n, q.tail-q.head)
	}
	return err
}

// queue has the rows from head to tail.
type queue struct {
	r          *run
	reader     kv.Reader
	batch      int
	ops        []kv.Op // deletions, then new rows
	head, tail uint64
}

// pass takes rows from the head and writes as many at the end.
func (q *queue) pass() error {
	n := 0
	err := q.reader.Scan(kv.Range{Limit: q.batch}, func(key, value []byte) error {
		op := &q.ops[n]
		op.Key, op.Delete = append(op.Key[:0], key...), true
		n++
		return q.r.table().Check(key, value, q.head+uint64(n-1))
	})
	if err != nil {
		return err
	}
	if n != q.batch {
		return fmt.Errorf("%d rows at the head of the queue, and there should be %d", n, q.batch)
	}
	for i := range q.batch {
		op := &q.ops[q.batch+i]
		op.Key = data.Key(op.Key[:0], q.tail)
		op.Value = q.r.values.Append(op.Value[:0], q.tail, 1)
		q.tail++
	}
	q.head += uint64(n)
	return q.r.store.Write(q.ops)
}

func (q *queue) newReader() error {
	reader, err := q.r.store.Reader()
	if err == nil {
		q.reader = reader
	}
	return err
}

// reopen closes the store and opens it again. Its space is measured before.
func (q *queue) reopen() (err error) {
	r := q.r
	if r.result.DiskBytes, err = diskBytes(r.Dir); err != nil {
		return err
	}
	reader, store := q.reader, r.store
	q.reader, r.store = nil, nil
	if err := errors.Join(reader.Close(), store.Close()); err != nil {
		return err
	}
	if err := r.open(1); err != nil {
		return err
	}
	return q.newReader()
}

// readHead measures how long it takes to read the first row: the first time, and on average once it
// was read often.
func (q *queue) readHead(prefix string) error {
	one := func() error {
		return q.reader.Scan(kv.Range{Limit: 1}, func(key, value []byte) error { return q.r.table().Check(key, value, q.head) })
	}
	begun := time.Now()
	if err := one(); err != nil {
		return err
	}
	q.r.result.Extra[prefix+"first_head_read_us"] = time.Since(begun).Seconds() * 1e6
	for range 2 { // the second time counts
		begun = time.Now()
		n := 0
		for ; n < headReads && (n%16 != 0 || time.Since(begun) < headTime); n++ {
			if err := one(); err != nil {
				return err
			}
		}
		q.r.result.Extra[prefix+"head_read_us"] = time.Since(begun).Seconds() * 1e6 / float64(n)
	}
	return nil
}
