// SPDX-License-Identifier: Apache-2.0

package histories

import (
	"fmt"
	"strings"
)

// Kind is what an operation in a transaction does.
type Kind uint8

// The kinds of operations.
const (
	Get         Kind = iota // Value was seen for Key
	Scan                    // Seen was seen
	Put                     // of Value for Key
	Delete                  // of Key
	DeleteRange             // of all keys strictly between Key and To
	Open                    // of another level
	RollbackTo              // undoes all since Level was opened, which stays open
	CommitTo                // makes the levels above Level part of it
)

// Op is an operation, with what it has seen.
type Op struct {
	Kind    Kind
	Key, To int
	Level   int
	Value   uint32
	Seen    State
}

// String writes an operation as for a log.
func (o Op) String() string {
	switch o.Kind {
	case Get:
		return fmt.Sprintf("get %d = %d", o.Key, o.Value)
	case Scan:
		return fmt.Sprint("scan = ", o.Seen)
	case Put:
		return fmt.Sprintf("put %d = %d", o.Key, o.Value)
	case Delete:
		return fmt.Sprintf("delete %d", o.Key)
	case DeleteRange:
		return fmt.Sprintf("delete between %d and %d", o.Key, o.To)
	case Open:
		return "open a level"
	case RollbackTo:
		return fmt.Sprintf("roll back to level %d", o.Level)
	}
	return fmt.Sprintf("commit to level %d", o.Level)
}

// Outcome is how a transaction ended.
type Outcome uint8

// The outcomes.
const (
	Committed  Outcome = iota
	RolledBack         // or it only read: nothing has changed
	Unknown            // it may have taken place, or not, or will after everything else
)

// Txn is a transaction of a client, and when it may have taken place.
type Txn struct {
	Client       int
	Ops          []Op
	Outcome      Outcome
	Call, Return int64
}

// String lists what it did.
func (t *Txn) String() string {
	var b strings.Builder
	for _, o := range t.Ops {
		fmt.Fprint(&b, o, "; ")
	}
	return b.String() + [...]string{"committed", "rolled back", "outcome unknown"}[t.Outcome]
}

// Run does the transaction on a state. It returns the state after it, and whether all reads saw what they have to see.
// One of unknown outcome did not take place where its reads do not fit.
func (t *Txn) Run(before State) (after State, fits bool) {
	levels, fits := []State{before}, true // the state when each open level was opened
	now := before
	for _, o := range t.Ops {
		switch o.Kind {
		case Get:
			fits = fits && now[o.Key] == o.Value
		case Scan:
			fits = fits && now == o.Seen
		case Put:
			now[o.Key] = o.Value
		case Delete:
			now[o.Key] = 0
		case DeleteRange:
			for k := o.Key + 1; k < o.To; k++ {
				now[k] = 0
			}
		case Open:
			levels = append(levels, now)
		case RollbackTo:
			levels = levels[:o.Level]
			now = levels[o.Level-1]
		case CommitTo:
			levels = levels[:o.Level]
		}
	}
	switch {
	case t.Outcome == Unknown && !fits:
		return before, true
	case t.Outcome == RolledBack:
		return before, fits
	}
	return now, fits
}
