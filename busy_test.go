// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

func TestWriterWaitsForItsTurn(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		tx := begin(t, db, nil)
		exec(t, tx, "INSERT INTO kv VALUES ('a', 1)")
		second := make(chan error)
		go func() {
			_, err := db.Exec("INSERT OR ABORT INTO kv VALUES ('a', 2)")
			second <- err
		}()
		select {
		case err := <-second:
			t.Errorf("a second writer did not wait: %v", err)
		case <-time.After(20 * time.Millisecond): // it may as well not have started yet
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-second; !errors.Is(err, lsmlite.ErrConstraint) {
			t.Errorf("the second writer did not see the first one's row: %v", err)
		}
	})
}

func TestBusyTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openModel(t, "busy_timeout=1500")
		tx := begin(t, db, nil)
		start := time.Now()
		_, err := db.Exec("DELETE")
		checkError(t, "DELETE", err, "the writer's turn is held by a transaction of connection 1 for 1.5s, since ", lsmlite.ErrBusy)
		if waited := time.Since(start); waited != 1500*time.Millisecond {
			t.Errorf("waited %v, want 1.5s", waited)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err = db.ExecContext(ctx, "DELETE"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, lsmlite.ErrBusy) {
			t.Errorf("the context ended first, and the error is %v", err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		exec(t, db, "DELETE")
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestBusyAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "busy_timeout=0")
		exec(t, db, letters)
		tx := begin(t, db, nil)
		_, err := db.Exec("DELETE")
		checkError(t, "DELETE", err, "held by a transaction of connection", lsmlite.ErrBusy)
		if _, err := db.Begin(); !errors.Is(err, lsmlite.ErrBusy) {
			t.Errorf("Begin: %v", err)
		}
		wantRows(t, db, "6", "SELECT count(*)") // readers do not wait
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if n := exec(t, db, "DELETE"); n != 6 {
			t.Errorf("%d rows deleted, want 6", n)
		}
	})
}

// TestDeadlineWithinBusyTimeout checks which of the two limits of a wait is reported.
func TestDeadlineWithinBusyTimeout(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "busy_timeout=60000")
		tx := begin(t, db, nil)
		defer tx.Rollback()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		_, err := db.ExecContext(ctx, "DELETE WHERE key = 'a'")
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, lsmlite.ErrBusy) {
			t.Errorf("Exec: %v", err)
		}
		short, cancelShort := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancelShort()
		if _, err := db.BeginTx(short, nil); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, lsmlite.ErrBusy) {
			t.Errorf("BeginTx: %v", err)
		}
		wantRows(t, db, "0", "SELECT count(*)") // readers do not wait
	})
	db := openMemory(t, "busy_timeout=20")
	tx := begin(t, db, nil)
	defer tx.Rollback()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := db.ExecContext(ctx, "DELETE WHERE key = 'a'"); !errors.Is(err, lsmlite.ErrBusy) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("busy_timeout within a deadline: %v", err)
	}
}
