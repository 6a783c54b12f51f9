// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// recorder keeps every event in the order in which it came.
type recorder struct {
	mu     sync.Mutex
	events []any
}

func (r *recorder) observer() *engine.Observer {
	return &engine.Observer{
		Opened:       func(e engine.OpenEvent) { r.add(e) },
		Committed:    func(e engine.CommitEvent) { r.add(e) },
		Flushed:      func(e engine.SegmentEvent) { r.add(e) },
		Merged:       func(e engine.SegmentEvent) { r.add(e) },
		Worked:       func(e engine.WorkEvent) { r.add(e) },
		Checkpointed: func(e engine.CheckpointEvent) { r.add(e) },
		Stalled:      func(e engine.StallEvent) { r.add(e) },
		Failed:       func(e engine.FailEvent) { r.add(e) },
		Poisoned:     func(e engine.PoisonEvent) { r.add(e) },
		Closed:       func(e engine.CloseEvent) { r.add(e) },
	}
}

func (r *recorder) add(e any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// take returns the events so far and forgets them.
func (r *recorder) take() []any {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.events
	r.events = nil
	return out
}

// names returns the types of events, in order.
func names(events []any) string {
	var out []string
	for _, e := range events {
		out = append(out, strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", e), "engine."), "Event"))
	}
	return strings.Join(out, " ")
}

// only returns the events of one type.
func only[E any](events []any) []E {
	var out []E
	for _, e := range events {
		if e, ok := e.(E); ok {
			out = append(out, e)
		}
	}
	return out
}

func putN(t *testing.T, db *engine.DB, from, n, size int) {
	t.Helper()
	err := db.Update(context.Background(), func(tx *engine.Tx) error {
		for i := range n {
			if err := tx.Put(fmt.Appendf(nil, "%08d", from+i), bytes.Repeat([]byte{'v'}, size)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
