// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestSkipDamagedValues reads values around damage in all ways that there are: whole, their lengths, their fronts and
// parts, and as readers. They agree for rows of the tree and of the file, short ones and ones over several pages.
func TestSkipDamagedValues(t *testing.T) {
	ctx, mem := context.Background(), memfs.New()
	o := engine.Options{FS: mem, PageSize: 1024, BlockSize: 64 << 10, NoAutoWork: true, AutoCheckpoint: -1}
	db := mustOpen(t, "/x.lsm", o)
	want := make(map[string][]byte)
	put := func(i, size, generation int) {
		k := fmt.Sprintf("key %03d", i)
		v := bytes.Repeat([]byte{byte(i), byte(generation)}, size/2)
		ok(t, db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte(k), v) }))
		want[k] = v
	}
	for i := range 200 {
		put(i, 20+i%7*900, 1)
	}
	ok(t, db.Flush(ctx))
	for i := 50; i < 100; i++ {
		put(i, 20+i%5*1100, 2)
	}
	ok(t, db.Flush(ctx))
	_, err := db.Checkpoint(ctx)
	ok(t, err)
	segments, err := db.Layout(ctx)
	ok(t, err)
	oldest := segments.Segments[len(segments.Segments)-1]
	for i := 120; i < 140; i++ { // these stay in the log, and in the tree
		put(i, 10+i%3*3000, 3)
	}
	killed := mem.Clone()
	ok(t, db.Close())
	file, err := killed.ReadFile("/x.lsm")
	ok(t, err)
	for _, page := range []int64{oldest.First + 20, oldest.First + 21, oldest.First + 100} {
		for i := range 100 {
			file[(page-1)*1024+300+int64(i)] ^= 0x55
		}
	}
	ok(t, killed.WriteFile("/x.lsm", file))

	o.FS, o.SkipDamaged = killed, true
	db = mustOpen(t, "/x.lsm", o)
	c, err := db.Cursor(ctx)
	ok(t, err)
	seen := 0
	for more := c.First(); more; more = c.Next() {
		seen++
		checkValue(t, c, want[string(c.Key())])
	}
	ok(t, c.Err())
	ok(t, c.Close())
	if ranges := db.Skipped(); len(ranges) == 0 || seen < 150 || seen >= len(want) {
		t.Errorf("%d rows of %d were read, around %v", seen, len(want), ranges)
	}
	s, err := db.Snapshot(ctx)
	ok(t, err)
	lost := 0
	for k, v := range want {
		for name, r := range map[string]interface {
			Get(dst, key []byte) ([]byte, bool, error)
			ValueLen(key []byte) (int, bool, error)
			GetShort(dst, key []byte, most int) ([]byte, int, bool, error)
		}{"database": db, "snapshot": s} {
			got, found, err := r.Get(nil, []byte(k))
			n, hasLen, lenErr := r.ValueLen([]byte(k))
			const most = 100
			short, m, hasShort, shortErr := r.GetShort([]byte("front"), []byte(k), most)
			if err != nil {
				lost++
				if !errors.Is(err, engine.ErrCorrupt) || shortErr != nil && !errors.Is(shortErr, engine.ErrCorrupt) || lenErr == nil && n != len(v) {
					t.Errorf("%s, %s: Get: %v; ValueLen: %d, %v; GetShort: %v", name, k, err, n, lenErr, shortErr)
				}
				if shortErr != nil && (string(short) != "front" || hasShort) {
					t.Errorf("%s, %s: with an error GetShort returns %q, %v", name, k, short, hasShort)
				}
				continue
			}
			if !found || !bytes.Equal(got, v) || !hasLen || lenErr != nil || n != len(v) {
				t.Errorf("%s, %s: Get returns %d bytes, %v; ValueLen %d, %v, %v; want %d", name, k, len(got), found, n, hasLen, lenErr, len(v))
			}
			wantShort := "front"
			if len(v) <= most {
				wantShort += string(v)
			}
			if shortErr != nil || !hasShort || m != len(v) || string(short) != wantShort {
				t.Errorf("%s, %s: GetShort returns %q, %d, %v, %v; want %q, %d", name, k, short, m, hasShort, shortErr, wantShort, len(v))
			}
		}
	}
	if lost == 0 || lost > len(want)/4 {
		t.Errorf("%d lookups of %d fail", lost, 2*len(want))
	}
	ok(t, s.Close())
	ok(t, db.Close())
}

// checkValue reads the current value in all ways that a cursor has.
func checkValue(t *testing.T, c *engine.Cursor, want []byte) {
	t.Helper()
	if n := c.ValueLen(); n != len(want) {
		t.Errorf("%s: ValueLen is %d, want %d", c.Key(), n, len(want))
	}
	for _, part := range [][2]int{{0, 10}, {len(want) / 2, 700}, {len(want) - 1, 5}, {len(want) + 9, 5}} {
		from, to := min(part[0], len(want)), min(part[0]+part[1], len(want))
		got, err := c.ValuePart([]byte("front"), part[0], part[1])
		if err != nil || string(got) != "front"+string(want[from:to]) {
			t.Errorf("%s: part %v is %d bytes, %v", c.Key(), part, len(got), err)
		}
	}
	r, err := c.ValueReader()
	if err != nil {
		t.Errorf("%s: %v", c.Key(), err)
		return
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: the reader has %d bytes of %d, %v", c.Key(), len(got), len(want), err)
	}
	if at, err := r.Seek(-3, io.SeekEnd); err != nil || at != int64(len(want)-3) {
		t.Errorf("%s: Seek: %d, %v", c.Key(), at, err)
	}
	var rest bytes.Buffer
	if n, err := r.WriteTo(&rest); err != nil || n != 3 || !bytes.Equal(rest.Bytes(), want[len(want)-3:]) {
		t.Errorf("%s: WriteTo: %d bytes, %v", c.Key(), n, err)
	}
	got, err := c.Value()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: Value has %d bytes of %d, %v", c.Key(), len(got), len(want), err)
	}
}
