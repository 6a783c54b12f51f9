// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
	"github.com/lsmlite/lsmlite-go/store/storetest"
)

// slowStore lets the first calls of Begin come too late, as on a machine that is busy with
// something else.
type slowStore struct {
	*storetest.Model
	late  int
	tried int
}

func (s *slowStore) Begin(ctx context.Context, from store.Snapshot) (store.Tx, error) {
	if s.tried++; s.tried <= s.late {
		<-ctx.Done()
	}
	return s.Model.Begin(ctx, from)
}

// TestNoWaitOnABusyMachine: a session that must not wait gets the writer's turn if nobody
// has it, however slow the machine is, and does not try for ever.
func TestNoWaitOnABusyMachine(t *testing.T) {
	for _, tt := range []struct {
		late, tried int
		want        error
	}{
		{0, 1, nil}, {3, 4, nil}, {1 << 20, noWaitAttempts, errs.ErrBusy},
	} {
		st := &slowStore{Model: storetest.NewModel(nil), late: tt.late}
		var s Session
		s.Open(st, &Shared{}, Settings{BusyTimeout: -1}, nil)
		if err := s.Begin(context.Background(), false); !errors.Is(err, tt.want) {
			t.Errorf("late %d times: %v, want %v", tt.late, err, tt.want)
		}
		if st.tried != tt.tried {
			t.Errorf("late %d times: tried %d times, want %d", tt.late, st.tried, tt.tried)
		}
		if err := s.Abandon(); err != nil {
			t.Error(err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}
	// Somebody who has the turn is reported at once.
	st := &slowStore{Model: storetest.NewModel(nil)}
	tx, err := st.Begin(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var s Session
	s.Open(st, &Shared{}, Settings{BusyTimeout: -1}, nil)
	if err := s.Begin(context.Background(), false); !errors.Is(err, errs.ErrBusy) || st.tried != 1 {
		t.Errorf("with a writer: %v after %d attempts", err, st.tried)
	}
	if err := tx.Rollback(context.Background()); err != nil {
		t.Error(err)
	}
}
