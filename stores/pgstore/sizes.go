// SPDX-License-Identifier: Apache-2.0

package pgstore

import "sync/atomic"

const (
	// longValue is the longest value that is short: a page of the greatest length that has no longer ones has no more
	// than pageMemory.
	longValue = pageMemory / maxPage
	// shortRows is how many values without a long one among them say that values are short.
	shortRows = 16
)

// sizes knows whether the values that were read last are short. Where a value may be too long to be sent, the server
// has to look at the length of each, which takes half as long again as all else that it does for a row.
type sizes struct{ since atomic.Int64 }

// add notes n short values, and long a value that is not.
func (s *sizes) add(n int) {
	if s.since.Load() < shortRows {
		s.since.Add(int64(n))
	}
}

func (s *sizes) long() { s.since.Store(0) }

// learn notes the values of a page.
func (s *sizes) learn(p *page) {
	for i := range p.rows {
		if p.rows[i].valueLen > longValue {
			s.long()
			return
		}
	}
	s.add(len(p.rows))
}

// short reports whether the values that were read last are short.
func (s *sizes) short() bool { return s.since.Load() >= shortRows }
