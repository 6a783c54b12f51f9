// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// specimen is a closed database file with its content.
type specimen struct {
	name string
	data []byte
	rows []goldenRow
	// checked says that all pages carry page sums, mixed that some do.
	checked, mixed bool
	geo            format.Geometry
	pages          []base.PageNo // in use; of a compressed file sectors of the data area
	older          [][]byte      // what the file was before, newest last
}

func (s *specimen) unit() int {
	if s.geo.Compressed {
		return 512
	}
	return s.geo.PageSize
}

// at returns the bytes of one of the pages.
func (s *specimen) at(file []byte, p base.PageNo) []byte {
	off := s.geo.Offset(p)
	return file[off : off+int64(s.unit())]
}

// usedPages returns the pages that the segments of a file of either layout have.
func usedPages(t *testing.T, data []byte) (pages []base.PageNo) {
	t.Helper()
	fs := memfs.New()
	if err := fs.WriteFile("/x.db", data); err != nil {
		t.Fatal(err)
	}
	db, err := engine.Open(context.Background(), "/x.db", engine.Options{FS: fs, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c := newestCheckpoint(data)
	if c == nil {
		return nil
	}
	for _, l := range c.Levels {
		for _, s := range append([]format.Segment{l.LHS}, l.RHS...) {
			ranges, err := db.SegmentRanges(int64(s.First))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range ranges {
				step := int64(1)
				if c.Compression >= format.FirstCodec {
					step, r.First = 512, (r.First+511)/512*512
				}
				for p := r.First; p <= r.Last && p+step <= int64(len(data)); p += step {
					pages = append(pages, base.PageNo(p))
				}
			}
		}
	}
	slices.Sort(pages)
	return slices.Compact(pages)
}

func (s *specimen) finish(t *testing.T) specimen {
	t.Helper()
	c := newestCheckpoint(s.data)
	var err error
	if s.geo, err = c.Geometry(); err != nil {
		t.Fatal(err)
	}
	s.pages = usedPages(t, s.data)
	return *s
}

// rowListing lists what a database holds.
func rowListing(t *testing.T, db *engine.DB) (rows []goldenRow) {
	t.Helper()
	s, err := db.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.Cursor()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for ok := c.First(); ok; ok = c.Next() {
		v, err := c.Value()
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%x", v)
		rows = append(rows, goldenRow{K: fmt.Sprintf("%x", c.Key()), V: &text})
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	return rows
}

// write makes a database of the given layout in several generations, each of which
// replaces the one before, in the same blocks where that is possible.
func writeSpecimen(t *testing.T, name string, o engine.Options, generations, levels, rows, long int) specimen {
	t.Helper()
	ctx := context.Background()
	fs := memfs.New()
	o.FS, o.Background, o.AutoMerge = fs, engine.BackgroundNone, 40
	s := specimen{name: name, checked: true}
	for g := range generations {
		db, err := engine.Open(ctx, "/x.db", o)
		if err != nil {
			t.Fatal(err)
		}
		for l := range levels {
			err := db.Update(ctx, func(tx *engine.Tx) error {
				for i := range rows {
					v := bytes.Repeat([]byte{byte('a' + g), byte(i), byte(l)}, 3+(i*7+g)%20)
					if long > 0 && i%37 == 5 {
						v = bytes.Repeat([]byte(fmt.Sprint(g, i, l)), long/4)
					}
					if err := tx.Put(fmt.Appendf(nil, "key%05d", i*levels+l), v); err != nil {
						return err
					}
				}
				return tx.Delete(fmt.Appendf(nil, "key%05d", l))
			})
			if err == nil {
				err = db.Flush(ctx)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if g+1 < generations {
			if err := db.Optimize(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Checkpoint(ctx); err != nil {
				t.Fatal(err)
			}
		} else {
			s.rows = rowListing(t, db)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		data, err := fs.ReadFile("/x.db")
		if err != nil {
			t.Fatal(err)
		}
		if s.data != nil {
			s.older = append(s.older, s.data)
		}
		s.data = data
	}
	return s.finish(t)
}

// mixed writes some rows on top of a file.
func (s specimen) mix(t *testing.T) specimen {
	t.Helper()
	ctx := context.Background()
	fs := memfs.New()
	if err := fs.WriteFile("/x.db", s.data); err != nil {
		t.Fatal(err)
	}
	db, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, Background: engine.BackgroundNone, AutoMerge: 40})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(ctx, func(tx *engine.Tx) error {
		for i := range 30 {
			if err := tx.Put(fmt.Appendf(nil, "mixed%03d", i), bytes.Repeat([]byte{'m'}, 40)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	m := specimen{name: s.name + "+ours", rows: rowListing(t, db), mixed: true}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if m.data, err = fs.ReadFile("/x.db"); err != nil {
		t.Fatal(err)
	}
	return m.finish(t)
}

// specimens are closed files of all origins: of this version, of lsmlite before it had
// seals, of C lsm1, and of both.
func specimens(t *testing.T) (all []specimen) {
	t.Helper()
	all = append(all,
		writeSpecimen(t, "one page", engine.Options{}, 3, 1, 2, 0),
		writeSpecimen(t, "256", engine.Options{PageSize: 256, BlockSize: 64 << 10}, 5, 3, 80, 900),
		writeSpecimen(t, "4096", engine.Options{PageSize: 4096, BlockSize: 64 << 10}, 5, 3, 200, 9000),
		writeSpecimen(t, "lz4", engine.Options{PageSize: 1024, BlockSize: 64 << 10, Compression: "lz4"}, 5, 3, 200, 3000),
	)
	old, err := filepath.Glob(filepath.Join(oldSums, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range goldenDirs(t) {
		names, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			file := strings.TrimSuffix(name, ".jsonl") + ".db"
			data, err := readGolden(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = os.Stat(file + "-log")
			if err == nil || len(data) > 300<<10 || newestCheckpoint(data) == nil {
				continue // not closed, or larger than is useful here
			}
			base := strings.TrimSuffix(filepath.Base(name), ".jsonl")
			if slices.ContainsFunc(all, func(s specimen) bool { return s.name == base }) {
				continue
			}
			s := specimen{name: base, data: data, rows: readListing(t, name), checked: slices.Contains(old, name)}
			all = append(all, s.finish(t))
			if !s.checked {
				all = append(all, all[len(all)-1].mix(t))
			}
		}
	}
	return all
}
