// SPDX-License-Identifier: Apache-2.0

package format

import (
	"encoding/binary"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// Encode returns the bytes of c as they are at the front of a meta page. It fails if
// c does not fit.
func (c *Checkpoint) Encode() ([]byte, error) {
	w := make([]uint32, 0, 256)
	u64 := func(v uint64) { w = append(w, uint32(v>>32), uint32(v)) }
	seg := func(s Segment) {
		u64(uint64(s.First))
		u64(uint64(s.Last))
		u64(uint64(s.Root))
		u64(uint64(s.Size))
	}
	u64(uint64(c.ID))
	w = append(w, 0, c.Compression, c.Blocks, c.BlockSize, uint32(len(c.Levels)), c.PageSize, c.Written)
	u64(c.Log.Raw())
	w = append(w, c.Log.Sum.S0, c.Log.Sum.S1)
	for _, p := range c.Append {
		u64(uint64(p))
	}
	for i := range c.Levels {
		l := &c.Levels[i]
		w = append(w, uint32(l.Flags)<<16|uint32(l.Age), uint32(len(l.RHS)))
		seg(l.LHS)
		for _, s := range l.RHS {
			seg(s)
		}
		if len(l.RHS) == 0 {
			continue
		}
		w = append(w, uint32(len(l.Merge.Inputs)), uint32(l.Merge.Skip))
		for _, in := range l.Merge.Inputs {
			u64(uint64(in.Page))
			w = append(w, uint32(in.Cell))
		}
		u64(uint64(l.Merge.SplitPage))
		w = append(w, uint32(l.Merge.SplitCell))
		u64(uint64(l.Merge.CurrentPtr))
	}
	w = append(w, uint32(len(c.Redirects)))
	for _, r := range c.Redirects {
		w = append(w, uint32(r.From), uint32(r.To))
	}
	w = append(w, uint32(len(c.Free)))
	for _, f := range c.Free {
		w = append(w, uint32(f.Block))
		u64(uint64(f.ID))
	}
	w = append(w, 0, 0)
	if len(w) > MaxCheckpointWords {
		return nil, &errs.Error{Code: errs.CodeFull,
			Detail: fmt.Sprintf("checkpoint needs %d words; a meta page holds %d", len(w), MaxCheckpointWords)}
	}
	w[2] = uint32(len(w))
	w[len(w)-2], w[len(w)-1] = checkpointSum(w)
	out := make([]byte, 4*len(w))
	for i, v := range w {
		binary.BigEndian.PutUint32(out[4*i:], v)
	}
	return out, nil
}
