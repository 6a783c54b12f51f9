// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/keys"
)

// A kind is what a task does.
type kind uint8

const (
	writes kind = iota
	reads
	keepsHouse
	follows // the change stream
	outside // reads in another process
	numKinds
)

var kindNames = [numKinds]string{"writer", "reader", "keeper", "follower", "outsider"}

// An op is something that a task does once. Its number is its own in all of the program, so that it can be left out.
type op struct {
	no   int
	seed uint64
}

type task struct {
	name string
	kind kind
	ops  []op
}

// An end is how a session ends.
type end uint8

const (
	closes end = iota
	killed
	losesPower
	numEnds
)

var endNames = [numEnds]string{"close", "kill", "power loss"}

type session struct {
	background engine.Background
	tasks      []task
	end        end
	endAt      int // the step at which it is killed, or the power fails
	fault      uint64
	faults     int // how many operations fail
	safety     engine.Safety
	opening    int  // which sync fails while it is opened, from 1; 0: none
	evicts     bool // the cache evicts pages that a failed sync has dropped
	looks      int  // one in how many steps is followed by a look at what a crash would leave
}

// A plan is what a seed stands for: the options of a database and what is done with it.
type plan struct {
	seed     uint64
	options  engine.Options
	gen      *enginetest.Gen
	sessions []session
	numOps   int
}

var theKey = []byte("0123456789abcdef0123456789abcdef")

// newPlan draws a plan. without are the numbers of operations that are left out.
func newPlan(seed uint64, without map[int]bool) *plan {
	rng := rand.New(rand.NewPCG(seed, 1))
	o := enginetest.RandomOptions(rng)
	o.PageSize, o.BlockSize = min(o.PageSize, 512<<rng.IntN(4)), 64<<10
	o.Safety = []engine.Safety{engine.SafetyFull, engine.SafetyFull, engine.SafetyNormal, engine.SafetyNormal, engine.SafetyOff}[rng.IntN(5)]
	o.AutoFlush = 1024 << rng.IntN(6)
	o.MaxLog = []int{0, 0, 16 << 10, 64 << 10}[rng.IntN(4)]
	o.NoAutoWork = rng.IntN(8) == 0
	o.CacheSize = int64(o.PageSize) << (4 + rng.IntN(6))
	if rng.IntN(6) == 0 {
		o.CacheSize = int64(o.PageSize) << rng.IntN(4)
	}
	longLog := rng.IntN(4) == 0
	if longLog {
		o.AutoCheckpoint, o.MaxLog = -1, -1
	}
	if rng.IntN(2) == 0 {
		o.Changes = engine.MinChanges << rng.IntN(5)
	}
	if rng.IntN(6) == 0 {
		o.Key = keys.Raw(theKey)
	}
	p := &plan{seed: seed, options: o, gen: enginetest.NewGen(rng, min(o.PageSize, 1024), 16<<10)}
	p.gen.Keys = 10 << rng.IntN(5)
	if bulk := rng.IntN(3) == 0; bulk || longLog {
		p.gen.Page, p.gen.Block = 4096, 80<<10
	}
	for range 1 + rng.IntN(3) {
		p.sessions = append(p.sessions, p.drawSession(rng, without))
	}
	more := rand.New(rand.NewPCG(seed, 7)) // so that the rest of a plan stays what it is
	if more.IntN(6) == 0 {
		p.drawLevels(rng, more, without)
	}
	if more.IntN(3) == 0 {
		p.options.Readers = true
		for i := range p.sessions {
			p.drawOutsiders(&p.sessions[i], more, without)
		}
	}
	for i := range p.sessions {
		s := &p.sessions[i]
		if s.evicts = more.IntN(2) == 0; s.end == losesPower && s.safety == engine.SafetyOff {
			s.end = killed
		}
	}
	return p
}

// drawLevels makes the plan one of sessions with several safety levels, after a first one without any sync. While one
// of the others is opened a sync may fail, which drops all that was written before.
func (p *plan) drawLevels(rng, more *rand.Rand, without map[int]bool) {
	for len(p.sessions) < 4 {
		p.sessions = append(p.sessions, p.drawSession(rng, without))
	}
	for i := range p.sessions {
		s := &p.sessions[i]
		s.safety = []engine.Safety{engine.SafetyOff, engine.SafetyNormal, engine.SafetyFull}[more.IntN(3)]
		if i == 0 {
			s.safety, s.end = engine.SafetyOff, end(more.IntN(2))
		} else if more.IntN(2) == 0 && s.safety != engine.SafetyOff {
			s.opening = 1 + more.IntN(3)
		}
	}
}

func (p *plan) drawSession(rng *rand.Rand, without map[int]bool) session {
	s := session{safety: p.options.Safety, background: engine.Background(rng.IntN(4)), end: end(rng.IntN(int(numEnds))),
		endAt: 1 + rng.IntN(1<<(6+rng.IntN(7))), fault: rng.Uint64(), looks: 30 << rng.IntN(6)}
	if rng.IntN(3) == 0 {
		s.faults = 1 + rng.IntN(3)
	}
	counts := [numKinds]int{writes: 1 + rng.IntN(4), reads: rng.IntN(4), keepsHouse: rng.IntN(3), follows: rng.IntN(2)}
	if p.options.Changes == 0 {
		counts[follows] = 0
	}
	for k, n := range counts {
		for i := range n {
			most := 1 + rng.IntN(20)
			if kind(k) == keepsHouse {
				most = 1 + rng.IntN(6)
			}
			p.drawTask(&s, kind(k), i, most, rng, without)
		}
	}
	return s
}

// drawTask adds a task to a session, the i-th of its kind.
func (p *plan) drawTask(s *session, k kind, i, numOps int, rng *rand.Rand, without map[int]bool) {
	t := task{name: fmt.Sprint(kindNames[k], " ", i), kind: k}
	for range numOps {
		o := op{no: p.numOps, seed: rng.Uint64()}
		if p.numOps++; !without[o.no] {
			t.ops = append(t.ops, o)
		}
	}
	if len(t.ops) > 0 {
		s.tasks = append(s.tasks, t)
	}
}

// drawOutsiders adds processes that read to a session.
func (p *plan) drawOutsiders(s *session, rng *rand.Rand, without map[int]bool) {
	for i := range 1 + rng.IntN(2) {
		p.drawTask(s, outside, i, 2+rng.IntN(20), rng, without)
	}
}

// String describes the plan in a few lines.
func (p *plan) String() string {
	o := p.options
	text := fmt.Sprintf("seed %d: encrypted %v, compression %s, safety %v, pages %d, autoflush %d, autocheckpoint %d, automerge %d, max_freelist %d, "+
		"maxlog %d, autowork %v, cache %d, changes %d, readers %v, %d keys of shape %d", p.seed, o.Key != nil, o.Compression, o.Safety, o.PageSize,
		o.AutoFlush, o.AutoCheckpoint, o.AutoMerge, o.MaxFreelist, o.MaxLog, !o.NoAutoWork, o.CacheSize, o.Changes, o.Readers, p.gen.Keys, p.gen.Shape)
	for i, s := range p.sessions {
		text += fmt.Sprintf("\nsession %d: safety %v, background %v, %d faults, ends with %s",
			i, s.safety, s.background, s.faults, endNames[s.end])
		if s.opening > 0 {
			text += fmt.Sprintf("; sync %d fails while it is opened", s.opening)
		}
		for _, t := range s.tasks {
			text += fmt.Sprintf("; %s does", t.name)
			for _, o := range t.ops {
				text += fmt.Sprint(" ", o.no)
			}
		}
	}
	return text
}
