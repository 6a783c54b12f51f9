// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/ledger"
	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// model is what a test knows of a ledger without asking it: which states a crash or a reader
// may still lead to, and which segments are being written.
type model struct {
	*books
	rng     *rand.Rand
	history []*snapshot.Snapshot // all states that were ever published
	synced  base.SnapshotID
	pins    []*snapshot.State
	jobs    []*writing
	reused  int // blocks that were given a second time
	resumed int // segments that began at an append point
	gobbled int // blocks that inputs of half-done merges gave up
	takenUp int // half-done merges that were given up and taken up again
}

// writing is a segment that is being written.
type writing struct {
	inputs []*snapshot.Level
	begin  ledger.AppendPoint
	first  base.PageNo
	blocks []base.BlockNo
	held   int         // how many of them are published and not reserved any more
	from   base.PageNo // in the last block, after what is published
}

func (m *model) job() (*writing, int) {
	if len(m.jobs) == 0 {
		return nil, 0
	}
	i := m.rng.IntN(len(m.jobs))
	return m.jobs[i], i
}

// needed returns all states that may still be read: those that are pinned, and the synced
// checkpoint with all that came after it, one of which may be on a meta page.
func (m *model) needed() (list []*snapshot.Snapshot) {
	for _, s := range m.history {
		pinned := slices.ContainsFunc(m.pins, func(p *snapshot.State) bool { return p.Disk == s })
		if s.ID >= m.synced || pinned {
			list = append(list, s)
		}
	}
	return list
}

// uses reports whether a segment of a state has a page in a block from one page on, to the
// end of the block.
func uses(s *snapshot.Snapshot, from base.PageNo) bool {
	block := geo.Block(from)
	for _, l := range s.Levels {
		for _, seg := range l.Segments() {
			if slices.Contains(seg.Owned, block) && (geo.Block(seg.Last) != block || seg.Last >= from) {
				return true
			}
		}
	}
	return false
}

// expectUnused fails if anything that may be read has pages from one page on, to the end of
// its block.
func (m *model) expectUnused(what string, from base.PageNo) {
	m.t.Helper()
	for _, s := range m.needed() {
		if uses(s, from) {
			m.t.Fatalf("%s %d in block %d is in use by state %d; synced is %d", what, from, geo.Block(from), s.ID, m.synced)
		}
	}
	for _, j := range m.jobs {
		if slices.Contains(j.blocks, geo.Block(from)) {
			m.t.Fatalf("%s %d in block %d is in use by a segment that is being written", what, from, geo.Block(from))
		}
	}
}

func (m *model) begin() {
	j := &writing{}
	levels := m.Newest().Disk.Levels
	if lo := m.rng.IntN(len(levels) + 1); m.rng.IntN(2) == 0 {
		j.inputs = slices.Clone(levels[lo:min(lo+m.rng.IntN(4), len(levels))])
	}
	for _, other := range m.jobs {
		for _, l := range other.inputs {
			if slices.Contains(j.inputs, l) {
				return
			}
		}
		if len(other.inputs) == 0 && len(j.inputs) == 0 {
			return // there is one live tree
		}
	}
	if m.rng.IntN(3) > 0 {
		if j.begin = m.TakeAppendPoint(); j.begin.Page != 0 {
			if m.foreign {
				m.t.Fatal("an append point is given while a foreign process reads")
			}
			m.expectUnused("append point", j.begin.Page)
			j.first = j.begin.Page
			j.blocks = []base.BlockNo{geo.Block(j.first)}
			m.resumed++
			if m.rng.IntN(4) == 0 {
				m.GiveBack(j.begin)
				return
			}
		}
	}
	m.jobs = append(m.jobs, j)
}

func (m *model) write() {
	j, _ := m.job()
	if j == nil {
		return
	}
	had := m.Account().Blocks
	n := m.allocate()
	if m.foreign && uint32(n) <= had {
		m.t.Fatalf("block %d of %d is given while a foreign process reads", n, had)
	}
	m.expectUnused("block that begins at page", geo.FirstPage(n))
	if uint32(n) <= had {
		m.reused++
	}
	if j.blocks = append(j.blocks, n); j.first == 0 {
		j.first = geo.FirstPage(n)
	}
}

func (m *model) giveUp() {
	if j, i := m.job(); j != nil {
		m.GiveUp(j.begin, j.blocks[j.held:])
		m.jobs = slices.Delete(m.jobs, i, i+1)
	}
}

func (m *model) finish() {
	j, i := m.job()
	if j == nil {
		return
	}
	m.jobs = slices.Delete(m.jobs, i, i+1)
	c := &ledger.Change{Inputs: j.inputs, Begin: j.begin, Blocks: j.blocks[j.held:]}
	if len(j.blocks) > 0 && m.rng.IntN(5) > 0 {
		end := m.end(j)
		last := j.blocks[len(j.blocks)-1]
		if end < geo.LastPage(last) && m.rng.IntN(4) > 0 {
			c.Next = end + 1
		}
		c.Output = levelAt(j.first, end, j.blocks...)
	}
	if c.Output == nil && len(c.Inputs) == 0 {
		m.GiveUp(c.Begin, c.Blocks)
		return
	}
	if m.rng.IntN(2) == 0 {
		c.Entries = m.EntriesFor(c.Inputs, c.Blocks)
	}
	m.publish(c)
}

// end chooses where a segment ends.
func (m *model) end(j *writing) base.PageNo {
	last := j.blocks[len(j.blocks)-1]
	low := geo.FirstPage(last)
	switch {
	case j.from != 0 && geo.Block(j.from) == last:
		low = j.from
	case len(j.blocks) == 1:
		low = j.first
	}
	return low + base.PageNo(m.rng.IntN(int(geo.LastPage(last)-low)+1))
}

// part publishes a segment as the output of a merge that goes on. Some blocks at the front of
// its inputs are given up.
func (m *model) part() {
	j, _ := m.job()
	if j == nil || len(j.inputs) == 0 || len(j.blocks) == 0 {
		return
	}
	end := m.end(j)
	if geo.IsLast(end) {
		return
	}
	half := levelAt(j.first, end, slices.Clone(j.blocks)...)
	half.Merging = &snapshot.Merging{Ours: true}
	for _, l := range j.inputs {
		rest := l.Segments()
		if l.Merging != nil {
			rest = rest[1:]
		}
		for _, seg := range rest {
			left := *seg
			if n := m.rng.IntN(len(seg.Owned)); n > 0 {
				left.Owned = seg.Owned[n:]
				left.First = geo.FirstPage(left.Owned[0])
				m.gobbled += n
			}
			half.Merging.RHS = append(half.Merging.RHS, &left)
		}
	}
	m.publish(&ledger.Change{Inputs: j.inputs, Output: half, Begin: j.begin, Blocks: j.blocks[j.held:], GoesOn: true})
	j.inputs, j.begin, j.held, j.from = []*snapshot.Level{half}, ledger.AppendPoint{}, len(j.blocks)-1, end+1
}

// resume goes on with a half-done merge that was given up.
func (m *model) resume() {
	for _, l := range m.Newest().Disk.Levels {
		if l.Merging == nil || slices.ContainsFunc(m.jobs, func(j *writing) bool { return slices.Contains(j.inputs, l) }) {
			continue
		}
		if at, ok := m.TakeEnd(l); ok {
			m.expectUnused("end of a half-done merge", at.Page)
			m.jobs = append(m.jobs, &writing{inputs: []*snapshot.Level{l}, begin: at, first: l.Seg.First, blocks: slices.Clone(l.Seg.Owned),
				held: len(l.Seg.Owned) - 1, from: at.Page})
			m.takenUp++
		}
		return
	}
}

func (m *model) checkpoint() {
	e := m.Next()
	if e.Checkpoint == nil {
		return
	}
	m.note()
	if m.rng.IntN(3) == 0 {
		m.Failed(e, checkpoint.Stage(m.rng.IntN(2)))
		return
	}
	if _, err := m.Done(e, refOf(e)); err != nil {
		m.t.Fatal(err)
	}
	m.synced = e.Checkpoint.ID
}

func (m *model) pin() {
	if len(m.pins) < 3 && m.rng.IntN(2) == 0 {
		m.pins = append(m.pins, m.Acquire())
	} else if len(m.pins) > 0 {
		i := m.rng.IntN(len(m.pins))
		m.Release(m.pins[i])
		m.pins = slices.Delete(m.pins, i, i+1)
	}
}

// note takes the newest state into the history.
func (m *model) note() {
	if disk := m.Newest().Disk; !slices.Contains(m.history, disk) {
		m.history = append(m.history, disk)
	}
}

// expectBooks compares what is free with what the levels use: each block is one of both.
func (m *model) expectBooks() {
	m.t.Helper()
	st, account := m.PinAccount()
	defer m.Release(st)
	used := make(map[base.BlockNo]bool)
	for _, l := range st.Disk.Levels {
		for _, seg := range l.Segments() {
			for _, n := range seg.Owned {
				used[n] = true
			}
		}
	}
	for _, e := range account.Free {
		if used[e.Block] {
			m.t.Fatalf("block %d is free, and in use by a level", e.Block)
		}
		used[e.Block] = true
	}
	if len(used) != int(account.Blocks) {
		m.t.Fatalf("of %d blocks only %d are free or in use", account.Blocks, len(used))
	}
	var reserved []base.BlockNo
	for _, j := range m.jobs {
		reserved = append(reserved, j.blocks[j.held:]...)
	}
	slices.Sort(reserved)
	if reserved = slices.Compact(reserved); !slices.Equal(account.Reserved, reserved) {
		m.t.Fatalf("reserved are %v, want %v", account.Reserved, reserved)
	}
	for _, p := range st.Disk.Append {
		if p != 0 && (uses(st.Disk, p) || !uses(st.Disk, geo.FirstPage(geo.Block(p)))) {
			m.t.Fatalf("append point %d is not after a segment in its block", p)
		}
	}
	room := m.Room()
	for _, n := range room.Free {
		m.expectUnused("room at page", geo.FirstPage(n))
	}
	for n := room.End + 1; n <= room.Blocks; n++ {
		m.expectUnused("after the end that may be cut off page", geo.FirstPage(n))
	}
}

// TestNoBlockIsInUseTwice takes a ledger through random segments, merges, checkpoints, failures
// and pins. After every step each block is free or used by a level, and not both; and no block
// or append point is given that any state may have pages in to which a crash or a pin leads.
func TestNoBlockIsInUseTwice(t *testing.T) {
	reused, resumed, gobbled, takenUp := 0, 0, 0, 0
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := &model{books: open(t, found{stored: ledger.Stored{Meta: 2, NewestID: 10}}), rng: rand.New(rand.NewPCG(seed, 1))}
			m.note()
			steps := []func(){m.begin, m.begin, m.write, m.write, m.write, m.part, m.part, m.finish, m.finish, m.giveUp,
				m.resume, m.checkpoint, m.pin}
			for range 400 {
				steps[m.rng.IntN(len(steps))]()
				if m.rng.IntN(40) == 0 {
					m.foreign = m.rng.IntN(4) == 0
				}
				m.note()
				m.expectBooks()
			}
			reused, resumed = reused+m.reused, resumed+m.resumed
			gobbled, takenUp = gobbled+m.gobbled, takenUp+m.takenUp
		})
	}
	t.Logf("%d blocks were used again, %d segments began at an append point, %d blocks were given up in parts, %d merges taken up again",
		reused, resumed, gobbled, takenUp)
	if reused < 100 || resumed < 100 || gobbled < 100 || takenUp < 40 {
		t.Error("this test sees too little")
	}
}
