// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// piece is a transaction as bytes, or a part of one that is longer than object.PartBytes.
type piece struct {
	data []byte
	seq  uint64
	part int             // of the transaction, if it is cut
	cut  bool            // it is a part
	ends bool            // the transaction ends with it
	pos  object.Position // after it, if it ends
}

// readPieces reads the changes of a source from a position on and passes them on, until the source ends, which gives
// nil, or an error.
func readPieces(ctx context.Context, src source, from object.Position, out chan<- piece) error {
	next := from.Seq + 1
	for change, err := range src.changes(ctx, from) {
		if err != nil {
			return err
		}
		if change.pos.Seq != next {
			return fmt.Errorf("the database reports transaction %d after %d", change.pos.Seq, next-1)
		}
		p := piece{seq: next}
		send := func() error {
			select {
			case out <- p:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		// write adds bytes, and passes on a part that is full when more comes. Each byte is copied once.
		write := func(b []byte) error {
			for len(b) > 0 {
				if len(p.data) == object.PartBytes {
					p.cut = true
					if err := send(); err != nil {
						return err
					}
					p.data, p.part = nil, p.part+1
				}
				n := min(len(b), object.PartBytes-len(p.data))
				p.data, b = append(p.data, b[:n]...), b[n:]
			}
			return nil
		}
		for op, err := range change.ops {
			if err == nil {
				err = object.WriteOp(write, op)
			}
			if err != nil {
				return err
			}
		}
		if err := object.WriteOp(write, object.Op{Kind: object.OpEnd, Seq: next}); err != nil {
			return err
		}
		p.ends, p.pos = true, change.pos
		if err := send(); err != nil {
			return err
		}
		next++
	}
	return nil
}
