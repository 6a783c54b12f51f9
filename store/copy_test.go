// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

var ctx = context.Background()

// fill puts rows into a store, in transactions of a few, and deletes those without a value.
func fill(t *testing.T, s store.Store, rows map[string]string, deleted ...string) {
	t.Helper()
	tx, err := s.Begin(ctx, nil)
	for key, value := range rows {
		err = errors.Join(err, tx.Put(ctx, []byte(key), []byte(value)))
	}
	for _, key := range deleted {
		err = errors.Join(err, tx.Delete(ctx, []byte(key)))
	}
	if err = errors.Join(err, tx.Commit(ctx)); err != nil {
		t.Fatal(err)
	}
}

// content returns the rows of a store, and their sum as Copy has it.
func content(t *testing.T, s store.Store) (rows enginetest.Map, sum [32]byte) {
	t.Helper()
	c, err := s.Cursor(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for ok := c.Seek(ctx, &store.Range{}); ok; ok = c.Next(ctx) {
		value, err := c.Value(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range [][]byte{c.Key(), value} {
			all = append(binary.BigEndian.AppendUint64(all, uint64(len(part))), part...)
		}
		rows = rows.Put(string(c.Key()), string(value))
	}
	if err := errors.Join(c.Err(), c.Close()); err != nil {
		t.Fatal(err)
	}
	return rows, sha256.Sum256(all)
}

// copied checks that a copy says what the two stores hold, and that they hold the same.
func copied(t *testing.T, what string, dst, src store.Store, res store.CopyResult) {
	t.Helper()
	want, sum := content(t, src)
	got, _ := content(t, dst)
	if !got.Equal(want) || res.Rows != int64(want.Len()) || res.Sum != sum {
		t.Errorf("%s: %d rows of %d; the result says %d, %x, should be %x", what, got.Len(), want.Len(), res.Rows, res.Sum[:4], sum[:4])
	}
}

func openMemory(t *testing.T) store.Store {
	t.Helper()
	db, err := engine.Open(ctx, "/db", engine.Options{FS: memfs.New()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return store.Engine{DB: db}
}

// manyRows are random ones, and those with an empty key and an empty value.
func manyRows(seed uint64, n int) map[string]string {
	rng := rand.New(rand.NewPCG(seed, 0))
	rows := map[string]string{"": "", "\x00": "x"}
	for range n {
		rows[fmt.Sprintf("%x", rng.Uint32())] = strings.Repeat("v", rng.IntN(60))
	}
	return rows
}

func TestCopy(t *testing.T) {
	for _, n := range []int{0, 500} {
		src, mid, dst := storetest.NewModel(nil), openMemory(t), storetest.NewModel(nil)
		if n > 0 {
			fill(t, src, manyRows(1, n))
		}
		var reports []store.CopyProgress
		o := store.CopyOptions{ChunkBytes: 1000, Progress: func(p store.CopyProgress) { reports = append(reports, p) }}
		res, err := store.Copy(ctx, mid, src, o)
		if err != nil || res.Passes != 1 || res.Snapshots != 1 || res.Repaired != 0 || res.Copied != res.Rows {
			t.Fatalf("%+v, %v", res, err)
		}
		copied(t, "from the model", mid, src, res)
		if n > 0 && (len(reports) < 20 || reports[0].Rows == 0 || reports[len(reports)-1].Pass != 1 ||
			reports[len(reports)-1].Rows != res.Rows) {
			t.Errorf("%d reports, the last is %+v", len(reports), reports[len(reports)-1])
		}
		if res, err = store.Copy(ctx, dst, mid, store.CopyOptions{}); err != nil {
			t.Fatal(err)
		}
		copied(t, "from the engine", dst, mid, res)
		_, err = store.Copy(ctx, dst, mid, store.CopyOptions{})
		if n > 0 && (!errors.Is(err, engine.ErrMisuse) || !strings.Contains(err.Error(), "Resume")) || n == 0 && err != nil {
			t.Errorf("again, without Resume: %v", err)
		}
		res, err = store.Copy(ctx, dst, mid, store.CopyOptions{Resume: true})
		if err != nil || res.Copied+res.Repaired != 0 || res.Rows == 0 != (n == 0) {
			t.Errorf("again: %+v, %v", res, err)
		}
	}
}

// What differs is repaired, wherever it is.
func TestCopyRepairs(t *testing.T) {
	src, dst := storetest.NewModel(nil), openMemory(t)
	rows := manyRows(2, 300)
	fill(t, src, rows)
	fill(t, dst, rows)
	fill(t, dst, map[string]string{"": "other", "~last": "only here", "5": "only here"}, "\x00")
	fill(t, src, map[string]string{"8": "only there", "~~": "the greatest"})
	res, err := store.Copy(ctx, dst, src, store.CopyOptions{Resume: true, ChunkBytes: 100})
	if err != nil || res.Copied != 1 || res.Repaired != 5 || res.Passes != 2 {
		t.Errorf("%+v, %v", res, err)
	}
	copied(t, "repaired", dst, src, res)
}

// An operation of either store that fails, whichever it is, ends the copy with its error and leaves a
// destination that another call goes on with.
func TestCopyFailsAnywhere(t *testing.T) {
	failure := errors.New("this operation fails")
	rows := manyRows(3, 40)
	for _, side := range []string{"source", "destination"} {
		for n := 0; ; n++ {
			left := -1
			fault := func(string) error {
				if left--; left == -1 {
					return failure
				}
				return nil
			}
			src, dst := storetest.NewModel(nil), storetest.NewModel(nil)
			if side == "source" {
				src = storetest.NewModel(fault)
			} else {
				dst = storetest.NewModel(fault)
			}
			left = -1
			fill(t, src, rows)
			left = n
			res, err := store.Copy(ctx, dst, src, store.CopyOptions{ChunkBytes: 300})
			met := left < 0
			left = -1
			if met && !errors.Is(err, failure) {
				t.Fatalf("%s, operation %d fails: %v", side, n, err)
			}
			if err != nil {
				if res, err = store.Copy(ctx, dst, src, store.CopyOptions{ChunkBytes: 300, Resume: true}); err != nil {
					t.Fatalf("%s, after operation %d has failed: %v", side, n, err)
				}
			}
			copied(t, fmt.Sprint(side, n), dst, src, res)
			if err := errors.Join(src.Close(), dst.Close()); err != nil {
				t.Fatalf("%s, operation %d: %v", side, n, err) // something was left open
			}
			if !met {
				if n < 100 {
					t.Fatalf("%s: only %d operations", side, n)
				}
				break
			}
		}
	}
}

// A source that is written to is followed, as long as it comes to rest.
func TestCopyOfALiveSource(t *testing.T) {
	for _, writes := range []int{1, 3, 1000} {
		src, dst := storetest.NewModel(nil), storetest.NewModel(nil)
		fill(t, src, manyRows(4, 50))
		written := 0
		res, err := store.Copy(ctx, dst, src, store.CopyOptions{ChunkBytes: 300, Passes: 5, Progress: func(p store.CopyProgress) {
			if written < writes && (p.Pass > 0 || p.Rows > 20) {
				written++
				fill(t, src, map[string]string{fmt.Sprint(written): "new", "": fmt.Sprint(written)}, fmt.Sprint(written-1))
			}
		}})
		if writes == 1000 {
			if !errors.Is(err, engine.ErrBusy) || !strings.Contains(err.Error(), "stop what writes") || res.Passes != 5 {
				t.Errorf("%+v, %v", res, err)
			}
			continue
		}
		if err != nil || res.Passes < 2 {
			t.Errorf("%+v, %v", res, err)
		}
		copied(t, "live", dst, src, res)
	}
}

// aging is a store whose cursors end after some moves.
type aging struct {
	store.Store
	moves int
}

type agingCursor struct {
	store.Cursor
	left int
}

func (s aging) Cursor(ctx context.Context) (store.Cursor, error) {
	c, err := s.Store.Cursor(ctx)
	return &agingCursor{c, s.moves}, err
}

func (c *agingCursor) Seek(ctx context.Context, r *store.Range) bool {
	c.left--
	return c.left >= 0 && c.Cursor.Seek(ctx, r)
}

func (c *agingCursor) Next(ctx context.Context) bool {
	c.left--
	return c.left >= 0 && c.Cursor.Next(ctx)
}

func (c *agingCursor) Err() error {
	if c.left < 0 {
		return &engine.Error{Code: engine.CodeSnapshotGone, Op: "read"}
	}
	return c.Cursor.Err()
}

// A comparison takes a new state where a store does not keep one for long, and gives up if that never leads on.
func TestCopyOfStatesThatAge(t *testing.T) {
	src, dst := storetest.NewModel(nil), storetest.NewModel(nil)
	fill(t, src, manyRows(5, 100))
	res, err := store.Copy(ctx, aging{dst, 20}, aging{src, 17}, store.CopyOptions{ChunkBytes: 200})
	if err != nil || res.Snapshots < 5 {
		t.Errorf("%+v, %v", res, err)
	}
	copied(t, "aging", dst, src, res)
	_, err = store.Copy(ctx, dst, aging{src, 0}, store.CopyOptions{Resume: true})
	if !errors.Is(err, engine.ErrSnapshotGone) {
		t.Errorf("without any move: %v", err)
	}
	if rows, _ := content(t, dst); rows.Len() == 0 {
		t.Error("a source that cannot be read has emptied the destination")
	}
}

// A transaction that another one hinders is repeated, one with an unknown outcome is not.
func TestCopyRepeatsTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for code, again := range map[engine.Code]bool{engine.CodeConflict: true, engine.CodeBusy: true, engine.CodeUndetermined: false} {
			commits := 0
			src := storetest.NewModel(nil)
			dst := storetest.NewModel(func(op string) error {
				if op != "commit" {
					return nil
				}
				if commits++; commits <= 5 {
					return &engine.Error{Code: code, Op: op}
				}
				return nil
			})
			fill(t, src, manyRows(6, 5))
			res, err := store.Copy(ctx, dst, src, store.CopyOptions{})
			if again {
				if err != nil || commits != 6 {
					t.Errorf("%v: %v after %d commits", code, err, commits)
				}
				copied(t, code.String(), dst, src, res)
			} else if !errors.Is(err, engine.ErrUndetermined) || commits != 1 {
				t.Errorf("%v: %v after %d commits", code, err, commits)
			}
		}
	})
}

// narrow is a store with short keys.
type narrow struct{ *storetest.Model }

func (narrow) Caps() store.Caps { return store.Caps{MaxKey: 10, SingleWriter: true} }

func (s narrow) Begin(ctx context.Context, from store.Snapshot) (store.Tx, error) {
	tx, err := s.Model.Begin(ctx, from)
	return narrowTx{tx}, err
}

type narrowTx struct{ store.Tx }

func (t narrowTx) Put(ctx context.Context, key, value []byte) error {
	if len(key) > 10 {
		return &engine.Error{Code: engine.CodeTooBig, Op: "put"}
	}
	return t.Tx.Put(ctx, key, value)
}

func TestCopyErrors(t *testing.T) {
	src, dst := storetest.NewModel(nil), narrow{storetest.NewModel(nil)}
	fill(t, src, map[string]string{"a key that is too long": "", "b": ""})
	_, err := store.Copy(ctx, dst, src, store.CopyOptions{})
	if !errors.Is(err, engine.ErrTooBig) || !strings.Contains(err.Error(), `the row with the key "a key that is too long"`) {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := store.Copy(ended, dst, src, store.CopyOptions{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	during, cancel := context.WithCancel(ctx)
	fill(t, src, manyRows(7, 100), "a key that is too long")
	_, err = store.Copy(during, dst, src, store.CopyOptions{ChunkBytes: 100, Progress: func(store.CopyProgress) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := errors.Join(src.Close(), dst.Close()); err != nil {
		t.Error(err)
	}
}

// bounded is a store that fails with ErrTooBig if a transaction writes more than limit.
type bounded struct {
	*storetest.Model
	limit int
}

func (s bounded) Caps() store.Caps { return store.Caps{MaxTx: int64(s.limit), SingleWriter: true} }

func (s bounded) Begin(ctx context.Context, from store.Snapshot) (store.Tx, error) {
	tx, err := s.Model.Begin(ctx, from)
	return &boundedTx{tx, s.limit}, err
}

type boundedTx struct {
	store.Tx
	left int
}

func (t *boundedTx) Put(ctx context.Context, key, value []byte) error {
	if t.left -= len(key) + len(value) + 10; t.left < 0 {
		return &engine.Error{Code: engine.CodeTooBig, Op: "put"}
	}
	return t.Tx.Put(ctx, key, value)
}

func (t *boundedTx) Delete(ctx context.Context, key []byte) error {
	if t.left -= len(key) + 10; t.left < 0 {
		return &engine.Error{Code: engine.CodeTooBig, Op: "delete"}
	}
	return t.Tx.Delete(ctx, key)
}

// Transactions keep to the limit of the destination, whatever ChunkBytes is, and also beside long rows.
func TestCopyKeepsToTheLimitOfTransactions(t *testing.T) {
	const limit = 4096
	for _, chunk := range []int{0, 1, 100, limit} {
		src, dst := storetest.NewModel(nil), bounded{storetest.NewModel(nil), limit}
		rows := manyRows(8, 250)
		for i := range 20 {
			rows[fmt.Sprintf("%02x", i*12)] = strings.Repeat("v", 3500+i*20)
		}
		fill(t, src, rows)
		o := store.CopyOptions{ChunkBytes: chunk, Resume: true}
		res, err := store.Copy(ctx, dst, src, o)
		if err != nil || res.Repaired != 0 {
			t.Fatalf("%d: %+v, %v", chunk, res, err)
		}
		copied(t, "copied", dst, src, res)
		// The same for repairs: all rows differ, and there are more in the destination.
		other := map[string]string{"~": ""}
		for key := range rows {
			other[key], other[key+"+"] = "other", "only here"
		}
		fill(t, dst.Model, other)
		if res, err = store.Copy(ctx, dst, src, o); err != nil || res.Repaired != int64(2*len(rows)+1) {
			t.Fatalf("%d: %+v, %v", chunk, res, err)
		}
		copied(t, "repaired", dst, src, res)
	}
}

// A destination that others keep busy, at BEGIN, in the wait for it or at COMMIT, ends the copy after its patience.
func TestCopyHasPatience(t *testing.T) {
	for _, tt := range []struct {
		patience, want time.Duration
		op             string
		code           engine.Code
	}{
		{0, time.Minute, "begin", engine.CodeBusy}, {0, time.Minute, "commit", engine.CodeBusy},
		{time.Second, time.Second, "commit", engine.CodeConflict}, {time.Second, time.Second, "begin", engine.CodeBusySnapshot},
		{2 * time.Second, 2 * time.Second, "turn", engine.CodeBusy},
	} {
		synctest.Test(t, func(t *testing.T) {
			src := storetest.NewModel(nil)
			dst := storetest.NewModel(func(op string) error {
				if op == tt.op {
					return &engine.Error{Code: tt.code, Op: op}
				}
				return nil
			})
			fill(t, src, manyRows(9, 5))
			if tt.op == "turn" {
				tx, err := dst.Begin(ctx, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = tx.Rollback(ctx) }()
			}
			begun := time.Now()
			_, err := store.Copy(ctx, dst, src, store.CopyOptions{Patience: tt.patience})
			took := time.Since(begun)
			if !errors.Is(err, engine.ErrBusy) || !strings.Contains(err.Error(), "CopyOptions.Patience") ||
				took > tt.want || took < tt.want-time.Second || tt.op != "turn" && !errors.Is(err, &engine.Error{Code: tt.code}) {
				t.Errorf("%+v: %v after %v", tt, err, took)
			}
		})
	}
}
