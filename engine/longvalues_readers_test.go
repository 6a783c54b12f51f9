// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// TestValueReaderEndsWithItsRow: a reader fails once its cursor has left the row.
func TestValueReaderEndsWithItsRow(t *testing.T) {
	ctx := context.Background()
	db := mustOpen(t, "/a.lsm", engine.Options{FS: memfs.New()})
	defer db.Close()
	value := longValue(100 << 10)
	err := db.Update(ctx, func(tx *engine.Tx) error {
		return errors.Join(tx.Put([]byte("a"), value), tx.Put([]byte("b"), value))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, flush := range []bool{false, true} {
		if flush {
			if err := db.Flush(ctx); err != nil {
				t.Fatal(err)
			}
		}
		s, err := db.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Cursor()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.ValueReader(); !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("a reader of no row: %v", err)
		}
		for _, what := range []string{"next", "close"} {
			leave := func() { c.Next() }
			if what == "close" {
				leave = func() { c.Close() }
			}
			c.First()
			r, err := c.ValueReader()
			if err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 1000)
			if _, err := io.ReadFull(r, buf); err != nil || !bytes.Equal(buf, value[:1000]) {
				t.Fatal(err)
			}
			if _, err := r.Seek(-1, io.SeekStart); !errors.Is(err, engine.ErrMisuse) {
				t.Errorf("a seek before the beginning: %v", err)
			}
			leave()
			if _, err := r.Read(buf); !errors.Is(err, engine.ErrMisuse) {
				t.Errorf("%s, then Read: %v", what, err)
			}
			if _, err := r.Seek(0, io.SeekStart); !errors.Is(err, engine.ErrMisuse) {
				t.Errorf("%s, then Seek: %v", what, err)
			}
			if _, err := r.WriteTo(io.Discard); !errors.Is(err, engine.ErrMisuse) {
				t.Errorf("%s, then WriteTo: %v", what, err)
			}
		}
		if err := errors.Join(c.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPutReaderThatFailsWritesNothing: the transaction goes on as if it had not been called.
func TestPutReaderThatFailsWritesNothing(t *testing.T) {
	ctx := context.Background()
	fsys := memfs.New()
	db := mustOpen(t, "/a.lsm", engine.Options{FS: fsys})
	fault := errors.New("no more")
	for _, size := range []int{10, 3000, 100 << 10, 5 << 20} {
		value := longValue(size)
		err := db.Update(ctx, func(tx *engine.Tx) error {
			if err := tx.Put([]byte("k"), []byte("old")); err != nil {
				return err
			}
			for what, tt := range map[string]struct {
				r    io.Reader
				size int
				want error
			}{
				"short":                {bytes.NewReader(value), size + 1, io.ErrUnexpectedEOF},
				"long":                 {bytes.NewReader(value), size - 1, nil},
				"failing":              {io.MultiReader(bytes.NewReader(value[:size/2]), iotest.ErrReader(fault)), size, fault},
				"of a negative length": {bytes.NewReader(value), -1, engine.ErrMisuse},
				"too long":             {bytes.NewReader(value), engine.MaxValueSize + 1, engine.ErrTooBig},
				"that uses the transaction": {readerFunc(func([]byte) (int, error) {
					return 0, errors.Join(tx.Put([]byte("k"), nil), tx.RollbackTo(1), tx.Commit(ctx))
				}), size, engine.ErrMisuse},
			} {
				err := tx.PutReader([]byte("k"), tt.r, int64(tt.size))
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
					t.Errorf("a reader %s: %v", what, err)
				}
				if v, _, err := tx.Get(nil, []byte("k")); err != nil || string(v) != "old" {
					t.Errorf("after a reader %s: %d bytes, %v", what, len(v), err)
				}
			}
			// The value of another key, read from a cursor of the same transaction.
			if err := tx.Put([]byte("from"), value); err != nil {
				return err
			}
			c, err := tx.Cursor()
			if err != nil {
				return err
			}
			defer c.Close()
			c.First()
			r, err := c.ValueReader()
			if err != nil {
				return err
			}
			return tx.PutReader([]byte("k"), r, r.Size())
		})
		if err != nil {
			t.Fatal(err)
		}
		crashed := mustOpen(t, "/a.lsm", engine.Options{FS: fsys.Clone()})
		for _, db := range []*engine.DB{db, crashed} {
			if v, _, err := db.Get(nil, []byte("k")); err != nil || !bytes.Equal(v, value) {
				t.Errorf("%d bytes, want %d, %v", len(v), size, err)
			}
		}
		if err := crashed.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
