// SPDX-License-Identifier: Apache-2.0

package row

const (
	// BatchBytes is how many bytes of keys and values are in a batch before it is full. One longer row
	// fills a batch by itself.
	BatchBytes = 4 << 20
	// BatchRows is how many rows are in a full batch.
	BatchRows = 1 << 16
)

// Batch is rows in one piece of memory. It belongs to one goroutine at a time.
type Batch struct {
	mem  []byte
	ends []int // the end of each key and of each value in mem
	// Read is how many rows of the input come before the end of the batch, those included that are not
	// in it, and Offset where the input goes on after it.
	Read, Offset int64
	// Sum is the checksum of the rows read, or 0 if nobody needs it.
	Sum uint32
	// Last says that the input ends here.
	Last bool
}

// Add copies a row into the batch.
func (b *Batch) Add(key, value []byte) {
	b.mem = append(b.mem, key...)
	b.ends = append(b.ends, len(b.mem))
	b.mem = append(b.mem, value...)
	b.ends = append(b.ends, len(b.mem))
}

// Full says whether the batch is to be handed on.
func (b *Batch) Full() bool { return len(b.mem) >= BatchBytes || len(b.ends) >= 2*BatchRows }

// Len returns the number of rows, and Bytes how long all keys and values are together.
func (b *Batch) Len() int   { return len(b.ends) / 2 }
func (b *Batch) Bytes() int { return len(b.mem) }

// Row returns row i, which is valid until Reset.
func (b *Batch) Row(i int) Row {
	start := 0
	if i > 0 {
		start = b.ends[2*i-1]
	}
	mid, end := b.ends[2*i], b.ends[2*i+1]
	return Row{Key: b.mem[start:mid:mid], Value: b.mem[mid:end:end]}
}

// Reset empties the batch, and keeps its memory unless one long row has made that large.
func (b *Batch) Reset() {
	mem := b.mem[:0]
	if cap(mem) > 2*BatchBytes {
		mem = nil
	}
	*b = Batch{mem: mem, ends: b.ends[:0]}
}
