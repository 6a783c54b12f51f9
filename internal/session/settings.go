// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"github.com/lsmlite/lsmlite-go/parser"
)

// Settings are what each session has for itself.
type Settings struct {
	// ReadOnly refuses everything that writes.
	ReadOnly bool
	// Deferred begins a transaction that does not say how without the writer's turn, which
	// is taken at the first write.
	Deferred bool
	// BusyTimeout is how long to wait for the writer's turn. Zero: as long as the context
	// lasts. Negative: not at all.
	BusyTimeout time.Duration
	// Uncounted lets a DELETE of a range run without counting the rows.
	Uncounted bool
	// KeyType and ValueType are the types of keys and values. Values are never numbers.
	KeyType, ValueType Type
}

// keys returns what keys are to the parser.
func (s *Settings) keys() *parser.KeyType { return s.KeyType.Keys() }
