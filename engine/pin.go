// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// pin is a pinned state, and a place among the handles that keep the database open. As a rule
// both are one place in a slot, to which no other reader writes; if none is free, they are counts.
type pin struct {
	state *snapshot.State
	place *snapshot.Place // nil if counted
}

// pin pins the newest state, unless the database is closed. It never waits.
func (db *DB) pin(use snapshot.Use, op string) (pin, error) {
	if st, place := db.slots.Enter(use); place != nil {
		if !db.shut.Load() {
			return pin{st, place}, nil
		}
		place.Leave()
	}
	if err := db.enter(op); err != nil {
		return pin{}, err
	}
	return pin{state: db.ledger.Acquire()}, nil
}

// pinFresh pins the newest state for one read, of what another process has committed by now if one writes.
func (db *DB) pinFresh(op string) (pin, error) {
	if db.attached != nil {
		if err := db.attached.refresh(context.Background(), op); err != nil {
			return pin{}, err
		}
	}
	return db.pin(snapshot.ForRead, op)
}

// repin makes the same pin once more.
func (db *DB) repin(p pin, op string) error {
	if p.place != nil {
		p.place.Share()
		return nil
	}
	if err := db.enter(op); err != nil {
		return err
	}
	db.ledger.Readers().Retain(p.state)
	return nil
}

// unpin gives a pin back. Now and then it lets the writer run first that readers keep from it. The caller
// may have the writer's turn itself, in the middle of a transaction, and gives way to the others then.
func (db *DB) unpin(p pin) {
	if p.place != nil {
		tired := p.place.Tired()
		if p.place.Leave(); tired {
			db.writer.Turn.GiveWay()
		}
		return
	}
	db.ledger.Release(p.state)
	db.leave()
}

// readsToGive is after how many point reads within one snapshot, about, a reader looks whether others
// want to run: as often as one whose reads pin a state each.
const readsToGive = 64

// mayGiveWay is for point reads within one snapshot. Several goroutines may share that, so chance takes
// the place of a count, which all of them would write. They hold nothing but the pin, for which nobody waits;
// one of them may have the writer's turn, which is not known here.
func (db *DB) mayGiveWay() {
	if rand.Uint32()%readsToGive == 0 {
		db.writer.Turn.GiveWay()
	}
}
