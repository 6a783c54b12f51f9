// SPDX-License-Identifier: Apache-2.0

package rescue_test

import (
	"bytes"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/rescue"
)

// TestEachBitOfTheCheckpoint flips every fifth bit of a checkpoint in both meta pages: all rows come back, without a
// scan.
func TestEachBitOfTheCheckpoint(t *testing.T) {
	s := makeSpecimen(t, "each bit", shape{levels: 4, rows: 40}, engine.Options{PageSize: 256, BlockSize: 64 << 10})
	blob, err := s.ck.Encode()
	if err != nil {
		t.Fatal(err)
	}
	mended := 0
	tried := 0
	for bit := 0; bit < 8*len(blob); bit += 5 {
		tried++
		v := &victim{specimen: s, data: bytes.Clone(s.data)}
		for i := range 2 {
			v.meta(i)[bit/8] ^= 1 << (bit % 8)
		}
		r := open(t, v.data, nil, rescue.Options{})
		if r == nil {
			t.Fatalf("bit %d: nothing is left", bit)
		}
		if r.Report.Mended && r.Report.Checkpoint == int64(s.ck.ID) {
			mended++
		}
		n := 0
		for ; r.Next(); n++ {
			if o := s.rows[string(r.Key())]; o == nil || o.value != value(t, r) {
				t.Fatalf("bit %d of word %d: row %q is wrong", bit, bit/32, r.Key())
			}
		}
		if n != len(s.rows) {
			t.Fatalf("bit %d of word %d: %d of %d rows", bit, bit/32, n, len(s.rows))
		}
	}
	if mended < tried-3 { // the number of words, of which some bits show at once that they are wrong
		t.Errorf("%d of %d checkpoints were mended", mended, tried)
	}
}
