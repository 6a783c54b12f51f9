// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestResumedMergeOfLongKeys: a merge goes on again and again after a close, with a cache of one page and no
// index. Each time it searches the b-tree of its inputs for the split key, by keys that are read for that.
func TestResumedMergeOfLongKeys(t *testing.T) {
	for _, pageSize := range []int{256, 1024, 4096} {
		t.Run(fmt.Sprint(pageSize), func(t *testing.T) {
			const rows = 1500
			ctx := context.Background()
			key := func(i int) []byte {
				return append(fmt.Appendf(nil, "%08d", i), bytes.Repeat([]byte("k"), pageSize/3)...)
			}
			o := engine.Options{FS: memfs.New(), NoAutoWork: true, PageSize: pageSize, BlockSize: 64 << 10, AutoCheckpoint: 16 << 10, CacheSize: 1, IndexSize: -1}
			db := mustOpen(t, "/x.lsm", o)
			defer func() { db.Close() }()
			for s := range 3 {
				if err := db.Update(ctx, func(tx *engine.Tx) error {
					for i := s; i < rows; i += 3 {
						if err := tx.Put(key(i), []byte("value")); err != nil {
							return err
						}
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				if err := db.Flush(ctx); err != nil {
					t.Fatal(err)
				}
			}
			merging := func() bool { return len(db.Structure()[0].Segments) > 1 }
			resumed := 0
			for len(db.Structure()) > 1 || merging() {
				if p, err := db.Work(ctx, engine.WorkOptions{Merge: 3, Pages: 30}); p.PagesWritten == 0 || err != nil {
					t.Fatalf("after %d times: %+v, %v", resumed, p, err)
				}
				if !merging() {
					continue
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				db = mustOpen(t, "/x.lsm", o)
				resumed++
			}
			if resumed < 3 {
				t.Errorf("the merge was resumed %d times", resumed)
			}
			for p := range db.Check(ctx) {
				t.Error(p)
			}
			for i := range rows {
				if _, found, err := db.Get(nil, key(i)); !found || err != nil {
					t.Fatal(i, found, err)
				}
			}
		})
	}
}
