// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

// plainStore shows of a model what every store has, so that it does not say who writes.
type plainStore struct {
	store.Store
	caps  store.Caps
	begun int
}

func (s *plainStore) Caps() store.Caps { return s.caps }

func (s *plainStore) Begin(ctx context.Context, from store.Snapshot) (store.Tx, error) {
	s.begun++
	if _, limited := ctx.Deadline(); limited && !s.caps.SingleWriter {
		return nil, errors.New("a store without turns is given a limit")
	}
	return s.Store.Begin(ctx, from)
}

// tryingStore finds out whether its turn is free.
type tryingStore struct {
	plainStore
	tried int
	taken bool
}

func (s *tryingStore) TryBegin(ctx context.Context, from store.Snapshot) (store.Tx, error) {
	if s.tried++; s.taken {
		return nil, &errs.Error{Code: errs.CodeBusy, Op: "begin"}
	}
	return s.Store.Begin(ctx, from)
}

// A session that must not wait leaves it to a store that can find out, and never limits one that has no turns.
func TestNoWaitOfOtherStores(t *testing.T) {
	begin := func(st store.Store) error {
		var s Session
		s.Open(st, &Shared{}, Settings{BusyTimeout: -1}, nil)
		err := s.Begin(context.Background(), false)
		return errors.Join(err, s.Abandon())
	}
	many := &plainStore{Store: storetest.NewModel(nil)}
	if err := begin(many); err != nil || many.begun != 1 {
		t.Errorf("without turns: %v, begun %d times", err, many.begun)
	}
	try := &tryingStore{plainStore: plainStore{Store: storetest.NewModel(nil), caps: store.Caps{SingleWriter: true}}}
	if err := begin(try); err != nil || try.tried != 1 || try.begun != 0 {
		t.Errorf("free: %v, tried %d times", err, try.tried)
	}
	try.taken = true
	if err := begin(try); !errors.Is(err, errs.ErrBusy) || try.tried != 2 || try.begun != 0 {
		t.Errorf("taken: %v, tried %d times", err, try.tried)
	}
}

// countingCursor counts by itself.
type countingCursor struct {
	store.Cursor
	counted []store.Range
	err     error
}

func (c *countingCursor) Count(_ context.Context, r *store.Range) (int64, error) {
	c.counted = append(c.counted, *r)
	return 10, c.err
}

// count(*) is the cursor's, one call for each interval, where it can count.
func TestCounter(t *testing.T) {
	c := &countingCursor{}
	var b parser.Bounds
	plans, err := new(parser.Cache).Get("SELECT count(*) FROM kv WHERE key < 'b' OR key >= 'd'")
	if err != nil {
		t.Fatal(err)
	}
	if err := bindKeys(context.Background(), plans[0], &b, nil, Blob.Keys()); err != nil {
		t.Fatal(err)
	}
	w := walk{ctx: context.Background(), cursor: c}
	n, err := w.count(&b, true)
	if err != nil || n != 20 || len(c.counted) != 2 || string(c.counted[0].Hi) != "b" || !c.counted[0].HiOpen ||
		string(c.counted[1].Lo) != "d" || !c.counted[1].KeysOnly {
		t.Errorf("%d, %v, %+v", n, err, c.counted)
	}
	c.err = errs.ErrIO
	if _, err := w.count(&b, true); !errors.Is(err, errs.ErrIO) {
		t.Error(err)
	}
}

// openingStore is told what its cursors are for.
type openingStore struct {
	plainStore
	over []store.Range
	only []bool
}

func (s *openingStore) CursorOver(ctx context.Context, r *store.Range, only bool) (store.Cursor, error) {
	s.over, s.only = append(s.over, *r), append(s.only, only)
	return s.Cursor(ctx)
}

// A scan outside a transaction says where it begins, and whether that is all.
func TestCursorOpener(t *testing.T) {
	ctx := context.Background()
	st := &openingStore{plainStore: plainStore{Store: storetest.NewModel(nil)}}
	for _, c := range []struct {
		text string
		want store.Range
		only bool
	}{
		{"SELECT * FROM kv LIMIT 3 OFFSET 2", store.Range{Limit: 5}, true},
		{"SELECT key FROM kv WHERE key > 'b'", store.Range{Lo: []byte("b"), HasLo: true, LoOpen: true, KeysOnly: true}, true},
		{"SELECT * FROM kv WHERE key < 'b' OR key >= 'd' ORDER BY key DESC", store.Range{Lo: []byte("d"), HasLo: true, Reverse: true}, false},
	} {
		st.over, st.only = nil, nil
		plans, err := new(parser.Cache).Get(c.text)
		if err != nil {
			t.Fatal(err)
		}
		var b parser.Bounds
		if err := bindKeys(ctx, plans[0], &b, nil, Blob.Keys()); err != nil {
			t.Fatal(err)
		}
		var w walk
		limit := int64(-1)
		if c.want.Limit > 0 {
			limit = int64(c.want.Limit)
		}
		if err := w.openOver(ctx, st, &b, way{desc: c.want.Reverse, keysOnly: c.want.KeysOnly, limit: limit}); err != nil {
			t.Fatal(err)
		}
		if ok, err := w.next(&b); ok || err != nil {
			t.Errorf("%s: %v, %v", c.text, ok, err)
		}
		if len(st.over) != 1 || !reflect.DeepEqual(st.over[0], c.want) || st.only[0] != c.only {
			t.Errorf("%s: %+v, %v", c.text, st.over, st.only)
		}
		if err := w.close(); err != nil {
			t.Error(err)
		}
	}
}
