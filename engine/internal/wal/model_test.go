// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"flag"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

var seedFlag = flag.Uint64("seed", 0, "run the model test with this seed only")

// modelStats says which of the rare things a run of the model met.
type modelStats struct {
	wraps, jumps, rolledBackWraps, rebases, lost, failures, threeRegions int

	shared, undone int // commits that were written with others, and that had to be undone

	padded              int // how often a pad was written before a transaction
	history             int // how often a Tail began at a place that was kept
	followed, overtaken int // transactions that a Tail read, and how often they were overwritten before
}

// model drives a Log with random transactions beside a plain list of them, through a few
// sessions that end in every kind of crash.
type model struct {
	t     *testing.T
	rng   *rand.Rand
	stats *modelStats
	f     *memFile
	full  bool // commits are padded and synced
	keep  int  // see how
	keys  *crypt.Keys

	commits  []string // every committed transaction, rendered
	written  int      // how many of them are in the file
	end      format.LogPos
	ckpt     format.LogPos
	ckptAt   int // how many commits are before ckpt
	durable  int // how many commits may not be lost
	log      *Log
	tail     *Tail
	tailAt   int // how many commits are before it
	tailBase int // how many commits are before place 0 of the log
	// reclaimed is whether the log was last told of ckpt.
	reclaimed bool
}

// randomBytes is what values are cut from.
var randomBytes = sync.OnceValue(func() []byte {
	rng := rand.New(rand.NewPCG(5, 5))
	b := make([]byte, 2*maxBuffer)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
})

func renderRecord(r format.LogRecord) string {
	return fmt.Sprintf("%d %x %d %x\n", r.Op, r.Key, len(r.Value), maphash.Bytes(renderSeed, r.Value))
}

var renderSeed = maphash.MakeSeed()

// read recovers f from the checkpoint and checks that it holds the commits from there on
// up to some point. It returns the log and up to which commit it reaches.
func (m *model) read(f *memFile, keep int) (*Log, Recovered, int) {
	m.t.Helper()
	var all strings.Builder
	l, r, err := recoverLog(f, m.ckpt, how{keys: m.keys, keep: keep}, func(r format.LogRecord) error {
		if err := load(&r); err != nil {
			return err
		}
		all.WriteString(renderRecord(r))
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	upTo := m.ckptAt + r.Commits
	if upTo > len(m.commits) {
		m.t.Fatalf("%d commits recovered behind %d, of %d: %+v", r.Commits, m.ckptAt, len(m.commits), r)
	}
	got, want := all.String(), strings.Join(m.commits[m.ckptAt:upTo], "")
	if got != want {
		m.t.Fatalf("%d commits recovered do not hold what was committed (%d bytes, want %d): %+v",
			r.Commits, len(got), len(want), r)
	}
	return l, r, upTo
}

// check reads a copy of the file and wants every commit.
func (m *model) check() {
	m.t.Helper()
	m.write()
	l, r, upTo := m.read(m.f.reopened(), m.keep)
	if upTo != len(m.commits) {
		m.t.Fatalf("%d of %d commits are in the log from %+v: %+v, live %v", upTo, len(m.commits), m.ckpt, r, m.log.Regions())
	}
	if r.Commits > 0 && (l.End().Off != m.log.End().Off || l.End().Sum != m.log.End().Sum) {
		m.t.Fatalf("recovered end %+v, live %+v", l.End(), m.log.End())
	}
	if r.Commits > 0 {
		from := m.ckpt
		if r.Rebased {
			from.Off = 0
		}
		checkStream(m.t, m.f.data, from, r.End.Off)
	}
	if m.reclaimed && m.log.history.bytes == 0 && r.Commits > 0 && !slices.Equal(inUse(l.Regions()), inUse(m.log.Regions())) {
		m.t.Fatalf("recovered regions %v, live %v", l.Regions(), m.log.Regions())
	}
}

// inUse lists the regions in reading order.
func inUse(r [3]Region) []Region {
	return slices.DeleteFunc(r[:], func(r Region) bool { return !r.inUse() })
}

// record makes a random record.
func (m *model) record() format.LogRecord {
	op := []format.LogOp{format.LogWrite, format.LogWrite, format.LogDelete, format.LogDeleteRange}[m.rng.IntN(4)]
	size := []int{0, 1, 20, 200, 3000, 40000}[m.rng.IntN(6)]
	if m.rng.IntN(400) == 0 {
		size = []int{directBytes, maxBuffer}[m.rng.IntN(2)] + 5000
	}
	n := 0
	if size > 0 {
		n = m.rng.IntN(size)
	}
	if size > directBytes {
		n = size
	}
	r := format.LogRecord{Op: op, Key: []byte(fmt.Sprintf("%x", m.rng.Uint32()|1<<31))[:m.rng.IntN(9)]}
	if op != format.LogDelete {
		at := m.rng.IntN(maxBuffer / 2)
		r.Value = randomBytes()[at : at+n]
	}
	return r
}

// transaction runs one transaction with savepoints and maybe a failing write.
func (m *model) transaction() {
	m.t.Helper()
	if m.rng.IntN(10) > 0 {
		m.log.BeginAfter(m.ckpt)
	} else {
		m.log.Begin()
	}
	m.reclaimed = m.log.seen == m.ckpt
	if m.rng.IntN(6) == 0 && m.log.Align() {
		if m.log.padded > 0 {
			m.stats.padded++
		}
		if at := m.log.tx.off() % m.log.sector; at != 0 {
			m.t.Fatalf("after Align the next transaction begins %d bytes after a sector", at)
		}
	}
	if m.rng.IntN(2) == 0 {
		m.log.Trim(int64(m.rng.IntN(1 << m.rng.IntN(20))))
	}
	if m.rng.IntN(12) == 0 {
		m.f.failWrite = m.f.writes + 1 + m.rng.IntN(2)
		m.f.failAfter = m.rng.IntN(1 << m.rng.IntN(16))
	}
	type savepoint struct {
		mark    Mark
		records int
	}
	var marks []savepoint
	var records []string
	n := m.rng.IntN(1 << m.rng.IntN(6))
	for range n {
		switch m.rng.IntN(8) {
		case 0:
			marks = append(marks, savepoint{m.log.Mark(), len(records)})
		case 1:
			if len(marks) > 0 {
				i := m.rng.IntN(len(marks))
				before := m.log.tx.numExtents
				m.log.RollbackTo(marks[i].mark)
				if m.log.tx.numExtents < before {
					m.stats.rolledBackWraps++
				}
				records = records[:marks[i].records]
				marks = marks[:i+1]
			}
		default:
			r := m.record()
			if err := m.log.Append(r); err != nil {
				m.stats.failures++
				if !errors.Is(err, errInjected) {
					m.t.Fatal(err)
				}
				if m.rng.IntN(2) == 0 {
					m.log.Rollback()
					return
				}
				continue
			}
			records = append(records, renderRecord(r))
		}
	}
	if m.rng.IntN(6) == 0 {
		if m.log.tx.numExtents > 1 {
			m.stats.rolledBackWraps++
		}
		m.log.Rollback()
		return
	}
	m.commit(records)
}

// commit ends the transaction that consists of the given records.
func (m *model) commit(records []string) {
	m.t.Helper()
	before, endBefore, writes := m.log.Regions(), m.log.End(), m.f.writes
	end, later := m.log.Commit, m.rng.IntN(2) == 0
	if later {
		end = m.log.CommitLater
	}
	if err := end(m.full); err != nil {
		m.stats.failures++
		if !errors.Is(err, errInjected) {
			m.t.Fatal(err)
		}
		if m.log.Regions() != before || m.log.End() != endBefore {
			m.t.Fatalf("a failed commit left regions %v, end %+v; before it was %v, %+v",
				m.log.Regions(), m.log.End(), before, endBefore)
		}
		m.undo()
		m.noted()
		return
	}
	if len(records) == 0 && m.log.End() == endBefore {
		if m.f.writes != writes {
			m.t.Fatalf("an empty transaction wrote")
		}
		return
	}
	if m.full && m.log.End().Off%m.log.sector != 0 {
		m.t.Fatalf("padded commit ends at %d", m.log.End().Off)
	}
	after := m.log.Regions()
	if at := after[2].End; m.log.history.bytes > 0 && m.log.limitAt(&after, at) < m.log.sectorAfter(at-1)+format.LogJumpRoom {
		m.t.Fatalf("there is no room to fill the last sector after a commit that ends at %d; the regions are %v", at, after)
	}
	if !before[0].inUse() && after[0].inUse() {
		m.stats.wraps++
	}
	if !before[1].inUse() && after[1].inUse() {
		m.stats.jumps++
	}
	if len(inUse(after)) == 3 {
		m.stats.threeRegions++
	}
	m.commits = append(m.commits, strings.Join(records, ""))
	if n := m.log.Pending(); !later && n > 0 || n > MaxPending {
		m.t.Fatalf("%d bytes are pending", n)
	}
	m.noted()
	if m.full && (!later || m.rng.IntN(8) == 0) {
		m.write()
		if err := m.log.Sync(); err != nil {
			m.t.Fatal(err)
		}
		m.durable = len(m.commits)
	}
}

// noted notes what is in the file, if that is all.
func (m *model) noted() {
	if m.log.Pending() == 0 {
		m.stats.shared += max(len(m.commits)-m.written-1, 0)
		m.written, m.end = len(m.commits), m.log.End()
	}
}

// write writes what is pending.
func (m *model) write() {
	m.t.Helper()
	if err := m.log.WritePending(); err != nil {
		m.stats.failures++
		if !errors.Is(err, errInjected) {
			m.t.Fatal(err)
		}
		m.undo()
	}
	m.noted()
}

// undo undoes what could not be written, if anything.
func (m *model) undo() {
	m.t.Helper()
	if m.log.Lost() == nil {
		return
	}
	mustAppend(m.t, m.log, "refused", 10)
	if err := m.log.CommitLater(m.full); !errors.Is(err, errInjected) {
		m.t.Fatalf("commit before what is lost is undone: %v", err)
	}
	m.log.Undo()
	m.stats.undone += len(m.commits) - m.written
	m.commits = m.commits[:m.written]
	if got := m.log.End(); got.Off != m.end.Off || got.Sum != m.end.Sum {
		m.t.Fatalf("after what is lost was undone the log ends at %+v, want %+v", got, m.end)
	}
}

// crash ends the session, and the next one finds what is left.
func (m *model) crash() {
	m.t.Helper()
	survivors := m.written // how many commits have to survive
	switch m.rng.IntN(5) {
	case 0: // killed between two transactions
	case 1: // killed while it wrote
		m.write()
		survivors = m.written
		m.log.BeginAfter(m.ckpt)
		m.f.failWrite, m.f.failAfter, m.f.dieOnWrite = m.f.writes+1, m.rng.IntN(3000), true
		last, n := "", m.rng.IntN(30)
		for range n {
			r := m.record()
			if m.log.Append(r) != nil {
				break
			}
			last += renderRecord(r)
		}
		if err := m.log.Commit(m.full); (err == nil) != (last == "") {
			m.t.Fatalf("commit of %d records while killed: %v", n, err)
		} else if last != "" {
			// It may be in the log after all, if its last byte was.
			m.commits = append(m.commits, last)
		}
		if m.f.failAfter > 0 && m.log.End().Off%512 != 0 && m.rng.IntN(2) == 0 {
			m.f.data = append(m.f.data, make([]byte, m.rng.IntN(5000))...) // space that was reserved
		}
	case 2: // killed, and somebody left garbage behind the end of the file
		for range m.rng.IntN(3000) {
			m.f.data = append(m.f.data, byte(m.rng.Uint32()>>m.rng.IntN(9)))
		}
	default:
		m.f.losePower(m.rng)
		survivors = max(m.durable, m.ckptAt)
		if !m.full {
			survivors = m.ckptAt
		}
	}
	m.f = m.f.reopened()
	l, r, upTo := m.read(m.f, m.keep)
	if upTo < survivors {
		m.t.Fatalf("%d commits survived, want at least %d of %d: %+v from %+v (%d)", upTo, survivors, len(m.commits), r, m.ckpt, m.ckptAt)
	}
	m.stats.lost += len(m.commits) - upTo
	if r.Rebased {
		m.stats.rebases++
	}
	m.commits = m.commits[:upTo]
	m.durable = min(m.durable, upTo)
	m.log = l
	m.written, m.end = upTo, l.End()
	m.reclaimed = false
	m.newTail(r)
}

// cleanClose flushes, checkpoints and removes the log, which the next session begins
// anew.
func (m *model) cleanClose() {
	m.write()
	m.ckpt, m.ckptAt = m.log.End(), len(m.commits)
	m.durable = m.ckptAt
	m.f = &memFile{sector: m.f.sector}
	l, r, _ := m.read(m.f, m.keep)
	if r.Rebased != (m.ckpt.Off != 0) || r.End.Off != 0 || r.End.Sum != m.ckpt.Sum {
		m.t.Fatalf("an empty log recovers as %+v", r)
	}
	m.log = l
	m.written, m.end = len(m.commits), l.End()
	m.reclaimed = false
	m.newTail(r)
}

func (m *model) run() {
	m.t.Helper()
	l, r, _ := m.read(m.f, m.keep)
	m.log = l
	m.end = l.End()
	m.newTail(r)
	for range 4 {
		for range 20 + m.rng.IntN(100) {
			m.transaction()
			if m.rng.IntN(4) == 0 {
				m.write()
			}
			m.f.failWrite = 0
			if m.rng.IntN(25) == 0 {
				// A checkpoint of some moment, usually now.
				m.write()
				m.ckpt, m.ckptAt = m.log.End(), len(m.commits)
				m.reclaimed = false
			}
			if m.rng.IntN(20) == 0 {
				m.check()
			}
			if m.rng.IntN(4) == 0 {
				m.follow()
			}
		}
		m.check()
		if m.rng.IntN(4) == 0 {
			m.cleanClose()
		} else {
			m.crash()
			m.check()
		}
	}
}

func TestModel(t *testing.T) { runModels(t, 60, false) }

func TestModelEncrypted(t *testing.T) {
	alone(t)
	runModels(t, 30, true)
}

func runModels(t *testing.T, seeds uint64, encrypted bool) {
	var stats modelStats
	if testing.Short() {
		seeds = 6
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		if *seedFlag != 0 {
			seed = *seedFlag
			seeds = seed
		}
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			m := &model{
				t: t, rng: rng, stats: &stats,
				f:    &memFile{sector: []int{512, 512, 4096}[rng.IntN(3)]},
				full: rng.IntN(2) == 0,
				keep: []int{0, 1000, keepBytes}[rng.IntN(3)],
				ckpt: format.LogPos{Sum: format.EmptyLogSum},
			}
			if encrypted {
				m.keys = newKeys(t)
				m.ckpt.Chain = crypt.NewChain()
			}
			m.run()
		})
		if t.Failed() {
			t.Fatalf("again: go test ./engine/internal/wal -run '^%s$' -seed=%d", t.Name(), seed)
		}
	}
	t.Logf("%+v", stats)
	if *seedFlag == 0 && !testing.Short() &&
		(stats.wraps < 10 || stats.jumps < 10 || stats.rolledBackWraps < 10 || stats.rebases < 10 ||
			stats.lost < 10 || stats.failures < 10 || stats.threeRegions < 10 || stats.shared < 100 || stats.undone < 10 ||
			stats.followed < 1000 || stats.overtaken < 5 || stats.history < 50 || stats.padded < 50) {
		t.Errorf("the model did not reach what it is for: %+v", stats)
	}
}
