// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

// newTail begins to follow the log where it was recovered from.
func (m *model) newTail(r Recovered) {
	from := m.ckpt
	if r.Rebased {
		from.Off = 0
	}
	m.tail, m.tailAt = newTail(m.f, Place{LogPos: from}, m.keys, m.keep), m.ckptAt
}

// follow reads what was written since the last time. If none of it was given up it has to be all there, and else
// what is handed over has to be right all the same, up to where it ends.
func (m *model) follow() {
	m.t.Helper()
	if m.log.Pending() > 0 || m.log.Lost() != nil {
		return
	}
	to := m.log.Place()
	live := m.tail.Place().Stream >= to.Stream-m.log.Size()
	for {
		more, err := m.tail.Next(to)
		if !live && errors.Is(err, ErrNotThere) {
			m.stats.overtaken++
			m.tail, m.tailAt = newTail(m.f, to, m.keys, m.keep), m.written
			return
		}
		if err != nil {
			m.t.Fatalf("read on at %+v up to %+v, live %v %v: %v", m.tail.Place(), to, live, m.log.Regions(), err)
		}
		if !more {
			break
		}
		for range 1 + m.rng.IntN(2) { // the second time must be as the first
			var got strings.Builder
			err = m.tail.Records(func(r format.LogRecord) error {
				if err := load(&r); err != nil {
					return err
				}
				got.WriteString(renderRecord(r))
				return nil
			})
			if err != nil {
				m.t.Fatal(err)
			}
			if m.tailAt >= m.written || got.String() != m.commits[m.tailAt] {
				m.t.Fatalf("transaction %d of %d read on differs", m.tailAt, m.written)
			}
		}
		m.tailAt++
		m.stats.followed++
	}
	if m.tailAt != m.written || m.tail.Place().Stream != to.Stream {
		m.t.Fatalf("read on up to transaction %d of %d", m.tailAt, m.written)
	}
}
