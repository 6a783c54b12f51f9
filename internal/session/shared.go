// SPDX-License-Identifier: Apache-2.0

package session

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
)

// Shared is what the sessions of one store have in common: their numbers, and who of them
// holds the writer's turn. It is ready to use, by any number of goroutines, when the fields
// that are exported are set.
type Shared struct {
	// Path is the canonical name of the database's file. If InMemory is set there is no
	// file, and Path only stands in messages.
	Path     string
	InMemory bool

	numSessions atomic.Int64
	holder      atomic.Pointer[holder]
}

// holder is a session as it is shown in the error of another one that has waited too long for the
// writer's turn.
type holder struct {
	number int64
	// explicit is true while the turn is held by a transaction that the user began, false
	// while a lone statement holds it.
	explicit atomic.Bool
}

// join gives a session its number.
func (s *Shared) join(h *holder) { h.number = s.numSessions.Add(1) }

// took is called when h has got the writer's turn.
func (s *Shared) took(h *holder, explicit bool) {
	h.explicit.Store(explicit)
	s.holder.Store(h)
}

// left is called when h has given the writer's turn back. By then another session may have it.
func (s *Shared) left(h *holder) { s.holder.CompareAndSwap(h, nil) }

// busyError says who holds the writer's turn and since when, and how long it was waited for.
func (s *Shared) busyError(since time.Time, waited time.Duration) error {
	who := "another transaction"
	if h := s.holder.Load(); h != nil {
		what := "a statement"
		if h.explicit.Load() {
			what = "a transaction"
		}
		who = fmt.Sprintf("%s of connection %d", what, h.number)
	}
	detail := "the writer's turn is held by " + who
	if !since.IsZero() {
		detail += fmt.Sprintf(" for %v, since %s", time.Since(since).Round(time.Microsecond),
			since.Format("2006-01-02 15:04:05.000"))
	}
	if waited > 0 {
		detail += fmt.Sprintf("; gave up after busy_timeout=%v", waited)
	}
	return &errs.Error{Code: errs.CodeBusy, Op: "begin", Path: s.Path, Detail: detail}
}
