// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/compress"
)

// TestLongReadsWriteOnlyTheValue reads long values, whose pages go right into the caller's memory,
// after what is there already and before what is not the caller's to lose: the value comes
// out whole, and no byte before or after it changes.
func TestLongReadsWriteOnlyTheValue(t *testing.T) {
	for _, compression := range []string{"none", "lz4", "zstd", "appends"} {
		for _, pageSize := range []int{1024, 4096, 16384} {
			for _, mmap := range []int64{0, engine.MmapAll} {
				t.Run(fmt.Sprintf("%s/%d/mmap %v", compression, pageSize, mmap != 0), func(t *testing.T) {
					longReadsWriteOnlyTheValue(t, engine.Options{
						Compression: compression, Codecs: []compress.Codec{appends{}}, PageSize: pageSize, Mmap: mmap,
					})
				})
			}
		}
	}
}

// appends is a codec that stores a sum after the page, and decompresses both by appending to dst: it
// uses all the room that dst has.
type appends struct{}

func (appends) ID() uint32      { return 20001 }
func (appends) Name() string    { return "appends" }
func (appends) Bound(n int) int { return n + 100 }

func (appends) Compress(dst, src []byte) ([]byte, error) {
	return append(append(dst, src...), bytes.Repeat([]byte{0x5A}, 100)...), nil
}

func (appends) Decompress(dst, src []byte) error {
	out := append(dst[:0], src...)
	if len(out) != len(dst)+100 {
		return errors.New("not a page")
	}
	copy(dst, out)
	return nil
}

func longReadsWriteOnlyTheValue(t *testing.T, o engine.Options) {
	ctx := context.Background()
	db, err := engine.Open(ctx, filepath.Join(t.TempDir(), "a.db"), o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rng := rand.New(rand.NewPCG(9, uint64(o.PageSize)))
	values := make([][]byte, 40)
	for i := range values {
		values[i] = make([]byte, 8*o.PageSize+rng.IntN(60*o.PageSize))
		if i%10 == 0 { // over several blocks
			values[i] = make([]byte, 2<<20+rng.IntN(10*o.PageSize))
		}
		for j := range values[i] {
			values[i][j] = byte(j*5) ^ byte(j>>7) ^ byte(i)
		}
		put := func(tx *engine.Tx) error { return tx.Put([]byte{byte(i)}, values[i]) }
		if err := db.Update(ctx, put); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for _, i := range rng.Perm(len(values)) {
			before, spare := rng.IntN(100), rng.IntN(3)*rng.IntN(3*o.PageSize)
			whole := bytes.Repeat([]byte{0xC3}, before+len(values[i])+spare)
			v, found, err := db.Get(whole[:before], []byte{byte(i)})
			if err != nil || !found || &v[0] != &whole[0] {
				t.Fatalf("value %d of %d bytes: %v, %v, or other memory", i, len(values[i]), found, err)
			}
			if !bytes.Equal(v[before:], values[i]) {
				t.Fatalf("value %d of %d bytes, after %d, is wrong", i, len(values[i]), before)
			}
			rest := append(whole[:before:before], whole[len(v):]...)
			if len(bytes.Trim(rest, "\xC3")) != 0 {
				t.Fatalf("value %d: bytes around it have changed", i)
			}
		}
	}
}
