// SPDX-License-Identifier: Apache-2.0

package secondreader

// state is what the sources say that were applied, oldest first.
type state struct{ user, system map[string]string }

func newState() *state { return &state{make(map[string]string), make(map[string]string)} }

// between removes what lies strictly between two keys.
func between(m map[string]string, after, before string) {
	for k := range m {
		if after < k && k < before {
			delete(m, k)
		}
	}
}

// apply puts a segment on top of what is there.
func (s *state) apply(records []record) error {
	for i, r := range records {
		if i > 0 {
			l := records[i-1]
			if l.kind&system > r.kind&system || l.kind&system == r.kind&system && l.key >= r.key {
				return impossible("keys out of order")
			}
			open := l.kind&start != 0
			if l.kind&system == r.kind&system && open != (r.kind&end != 0) {
				return impossible("a deleted range with one end")
			}
			if open {
				between(s.topic(r), l.key, r.key)
			}
		}
	}
	for _, r := range records {
		switch {
		case r.kind&insert != 0:
			s.topic(r)[r.key] = r.value
		case r.kind&point != 0:
			delete(s.topic(r), r.key)
		}
	}
	return nil
}

func (s *state) topic(r record) map[string]string {
	if r.kind&system != 0 {
		return s.system
	}
	return s.user
}

// free makes the list of free blocks, of system records and what the checkpoint says on top.
func (d *Database) free(m *meta, records map[string]string) error {
	d.Free = make(map[uint32]uint64)
	for k, v := range records {
		if len(k) != 4 || len(v) != 8 {
			return impossible("a system record of %d and %d bytes", len(k), len(v))
		}
		d.Free[^be.Uint32([]byte(k))] = be.Uint64([]byte(v))
	}
	for _, e := range m.free {
		if e.id == 1<<64-1 {
			delete(d.Free, e.block)
		} else {
			d.Free[e.block] = e.id
		}
	}
	for b := range d.Free {
		if b < 1 || b > m.blocks {
			return impossible("free block %d", b)
		}
	}
	return nil
}
