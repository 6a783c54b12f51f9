// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// piecesOf returns what readPieces makes of a transaction, and how many bytes that took from the heap.
func piecesOf(t *testing.T, ops ...object.Op) (all []piece, bytes uint64) {
	t.Helper()
	f := newFakeSource()
	f.commit(ops...)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, end := make(chan piece), make(chan error, 1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	go func() { end <- readPieces(ctx, f, f.pos[0], out) }()
	for p := range out {
		if all = append(all, p); p.ends {
			break
		}
	}
	runtime.ReadMemStats(&after)
	cancel()
	if err := <-end; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return all, after.TotalAlloc - before.TotalAlloc
}

// TestPiecesOfALongValue: it is cut without a copy of what is left of it for each part.
func TestPiecesOfALongValue(t *testing.T) {
	const parts = 4
	value := make([]byte, parts*object.PartBytes)
	for n := range parts {
		value[n*object.PartBytes+n] = byte(n + 1)
	}
	all, took := piecesOf(t, object.Op{Kind: object.OpPut, Key: []byte("k"), Value: value})
	if len(all) != parts+1 {
		t.Fatalf("%d pieces", len(all))
	}
	var readers []io.Reader
	for n, p := range all {
		last := n == parts
		if p.seq != 1 || p.part != n || !p.cut || p.ends != last || !last && len(p.data) != object.PartBytes {
			t.Errorf("piece %d: seq %d, part %d, cut %v, ends %v, %d bytes", n, p.seq, p.part, p.cut, p.ends, len(p.data))
		}
		readers = append(readers, bytes.NewReader(p.data))
	}
	if took > (parts+2)*object.PartBytes {
		t.Errorf("a value of %d bytes took %d", len(value), took)
	}
	r := object.NewOpReader(io.MultiReader(readers...))
	if op, err := r.Next(); err != nil || op.Kind != object.OpPut || string(op.Key) != "k" || !bytes.Equal(op.Value, value) {
		t.Errorf("the operation is another one: %v", err)
	}
	if op, err := r.Next(); err != nil || op.Kind != object.OpEnd || op.Seq != 1 {
		t.Errorf("%v, %v", op, err)
	}
}

// TestPieceThatIsJustFull: a transaction that fits into one part is not cut, and one of a byte more is.
func TestPieceThatIsJustFull(t *testing.T) {
	frame := len(object.AppendOp(object.AppendOp(nil, object.Op{Kind: object.OpPut, Key: []byte("k"), Value: make([]byte, object.PartBytes/2)}),
		object.Op{Kind: object.OpEnd, Seq: 1})) - object.PartBytes/2
	for more, want := range []int{1, 2} {
		all, _ := piecesOf(t, object.Op{Kind: object.OpPut, Key: []byte("k"), Value: make([]byte, object.PartBytes-frame+more)})
		if len(all) != want || all[0].cut != (want > 1) || len(all[0].data) != object.PartBytes {
			t.Errorf("%d bytes more: %d pieces, the first of %d", more, len(all), len(all[0].data))
		}
	}
}
