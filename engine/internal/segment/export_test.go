// SPDX-License-Identifier: Apache-2.0

package segment

// SetGobbled says that the segment is an input of a half-done merge.
func (s *Segment) SetGobbled() { s.setGobbled() }

// Records returns how many records have been written.
func (w *Writer) Records() int64 { return w.records }

// Valid reports whether the iterator stands on a record.
func (it *Iter) Valid() bool { return it.valid }

// Buffers returns the size of the iterator's buffers.
func (it *Iter) Buffers() int { return cap(it.keyBuf) + cap(it.cmpBuf) }
