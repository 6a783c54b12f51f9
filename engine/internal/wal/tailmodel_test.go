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
	m.tail, m.tailAt, m.tailBase = newTail(m.f, Place{LogPos: from}, m.keys, m.keep), m.ckptAt, m.ckptAt
	m.log.Keep([]int64{0, 5000, 100_000, 1 << 20}[m.rng.IntN(4)])
}

// fromHistory begins to follow the log at some place of its history.
func (m *model) fromHistory() {
	places := m.log.History().Places()
	if len(places) == 0 {
		return
	}
	if n := len(places); n > 2*historyParts+3 {
		m.t.Fatalf("%d places are known", n)
	}
	p := places[m.rng.IntN(len(places))]
	if p.Stream > m.tail.Place().Stream {
		return // of what is not written yet, or nothing was kept until then
	}
	if !m.log.History().Holds(p.Stream) {
		m.t.Fatalf("place %+v is not held", p)
	}
	m.tail, m.tailAt = newTail(m.f, p, m.keys, m.keep), m.tailBase+int(p.Seq)
	m.stats.history++
}

// follow reads what was written since the last time. If none of it was given up it has to be all there, and else
// what is handed over has to be right all the same, up to where it ends.
func (m *model) follow() {
	m.t.Helper()
	if m.log.Pending() > 0 || m.log.Lost() != nil {
		return
	}
	to := m.log.Place()
	if m.rng.IntN(3) == 0 {
		m.fromHistory()
	}
	live := m.log.History().Holds(m.tail.Place().Stream) || m.tail.Place().Stream >= to.Stream-m.log.Size()
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
	if m.tailAt != m.written || m.tail.Place() != to && m.tail.Place().Seq != to.Seq || m.tail.Place().Stream != to.Stream {
		m.t.Fatalf("read on up to transaction %d of %d", m.tailAt, m.written)
	}
}
