// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestBackupAroundWrongEnds puts a page of zeros, or a leaf page, in the place of the first page and of the root of
// each segment of files without page sums, and reads them with skip_damaged. A backup, which does not go around damage,
// fails or has all rows, and a lookup returns the row or an error.
func TestBackupAroundWrongEnds(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	damages, refused := 0, 0
	for _, s := range specimens(t) {
		if s.checked || s.mixed {
			continue
		}
		for _, page := range endsOf(t, s.data) {
			for _, with := range [][]byte{make([]byte, page.size), s.data[page.leaf:][:page.size]} {
				data := bytes.Clone(s.data)
				if copy(data[page.at:], with); bytes.Equal(data, s.data) {
					continue
				}
				fs := memfs.New()
				ok(t, fs.WriteFile("/x.db", data))
				db, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, ReadOnly: true, SkipDamaged: true})
				if err != nil {
					continue // what cannot be opened misleads nobody
				}
				damages++
				for key, value := range page.rows {
					if got, found, err := db.Get(nil, []byte(key)); err == nil && (!found || string(got) != value) {
						t.Fatalf("%s, page at %d: %q is %q, %v", s.name, page.at, key, got, found)
					}
				}
				err = db.Backup(ctx, "/copy.db", engine.BackupOptions{})
				switch {
				case errors.Is(err, engine.ErrCorrupt):
					refused++
				case err != nil:
					t.Fatal(err)
				default:
					copied := mustOpen(t, "/copy.db", engine.Options{FS: fs, ReadOnly: true})
					rows, err := enginetest.Rows(copied)
					ok(t, err)
					if !maps.Equal(rows, page.rows) {
						t.Errorf("%s, page at %d: the copy has %d rows, or others, of %d", s.name, page.at, len(rows), len(page.rows))
					}
					ok(t, copied.Close())
				}
				ok(t, db.Close())
			}
		}
	}
	if damages == 0 || refused == 0 {
		t.Errorf("%d damages, %d copies refused", damages, refused)
	}
	t.Logf("%d damages, %d copies refused", damages, refused)
}

// end is a first page or a root of a segment of a file with pages of some size, and where a leaf page is.
type end struct {
	at, leaf, size int64
	rows           map[string]string // of the whole file
}

func endsOf(t *testing.T, data []byte) (list []end) {
	t.Helper()
	fs := memfs.New()
	ok(t, fs.WriteFile("/x.db", data))
	db := mustOpen(t, "/x.db", engine.Options{FS: fs, ReadOnly: true})
	defer db.Close()
	if db.Options().Compression != "none" {
		return nil
	}
	rows, err := enginetest.Rows(db)
	ok(t, err)
	for _, level := range db.Structure() {
		for _, segment := range level.Segments {
			first, err := db.Page(segment.First)
			ok(t, err)
			list = append(list, end{at: first.Offset, leaf: first.Offset, size: int64(db.Options().PageSize), rows: rows})
			if segment.Root != 0 {
				root, err := db.Page(segment.Root)
				ok(t, err)
				list = append(list, end{at: root.Offset, leaf: first.Offset, size: int64(db.Options().PageSize), rows: rows})
			}
		}
	}
	return list
}
