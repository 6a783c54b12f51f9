// SPDX-License-Identifier: Apache-2.0

package ops

// Writer makes batches in memory that it uses again. One goroutine at a time uses it.
type Writer struct {
	t   *Table
	ops []Op
}

// NewWriter returns a Writer of batches of up to this many rows.
func (t *Table) NewWriter(batch int) *Writer { return &Writer{t: t, ops: make([]Op, 0, batch)} }

// Len returns the number of rows in the batch, and Full whether it has no room for more.
func (w *Writer) Len() int { return len(w.ops) }

// Full reports whether the batch has no room for more.
func (w *Writer) Full() bool { return len(w.ops) == cap(w.ops) }

// Add adds a row to the batch, which must not be full.
func (w *Writer) Add(row uint64, version uint32) {
	op := w.next()
	op.Key = w.t.Keys.Append(op.Key[:0], row)
	op.Value = w.t.Values.Append(op.Value[:0], row, version)
}

func (w *Writer) next() *Op {
	w.ops = w.ops[:len(w.ops)+1]
	return &w.ops[len(w.ops)-1]
}

// Commit writes the batch in one transaction, and empties it, also if that fails.
func (w *Writer) Commit() error {
	err := w.t.Store.Write(w.ops)
	w.ops = w.ops[:0]
	return err
}
