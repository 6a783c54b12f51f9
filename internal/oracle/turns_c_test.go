// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// recoverC returns the one of the possible states that C finds in a copy, and makes it
// the only one.
func (m *match) recoverC() ([]oracle.Row, error) {
	c := startBinary(m.t, os.Getenv(oracle.EnvBinary))
	c.Timeout = hurry
	defer c.Abandon()
	copied := copyDB(m.t, m.path, filepath.Join(m.t.TempDir(), "recover.db"))
	if err := c.Open(copied, oracle.AutoWork(false), oracle.Compression(m.shape.Codec)); err != nil {
		return nil, err
	}
	var found []oracle.Row
	var err error
	for i := len(m.states) - 1; i >= 0; i-- {
		rows := m.states[i].Rows()
		if err = sameInC(c, rows); err == nil {
			found, m.states = rows, m.states[i:i+1]
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if err := c.Integrity(); err != nil {
		return nil, err
	}
	info, err := c.Info()
	if err != nil {
		return nil, err
	}
	m.t.Logf("turn %d: %s: %d rows, levels %s", m.turn, m.last, len(found), info["structure"])
	debug, ok := oracle.DebugBinary()
	switch {
	case !ok || m.moved:
	case m.byC:
		// C may have linked its levels. What a merge of its own leaves of one page makes
		// it follow pointers into freed pages, so it is not let merge what is its own.
		_, err = recoverWith(m.t, debug, m.path, nil)
	default:
		_, err = recoverWithC(m.t, m.path)
	}
	return found, err
}

// sameInC compares C's scans with what they must be. C's scan may miss rows of a merge
// that is under way; then every row is looked up instead.
func sameInC(c *oracle.Client, want []oracle.Row) error {
	rows, err := cRows(c)
	if err != nil {
		return err
	}
	d := oracle.Diff(rows, want)
	if d == "" {
		return nil
	}
	if info, err := c.Info(); err != nil || !mergeUnderWay(info["structure"]) {
		return errors.Join(err, errors.New(d))
	}
	model := oracle.ModelOf(want)
	for _, r := range rows {
		if v, ok := model[string(r.Key)]; !ok || v != string(r.Value) {
			return errors.New(d)
		}
	}
	if err := cHolds(c, want); err != nil {
		return fmt.Errorf("%s; %w", d, err)
	}
	return nil
}

// ---- C's turn ----

func (m *match) cTurn() {
	rnd := turnRnd(m.seed, m.turn)
	end := ending(rnd.Below(3))
	pageKB := max(1, m.shape.PageSize/1024)
	settings := []oracle.Setting{
		oracle.PageSize(m.shape.PageSize), oracle.BlockSizeKB(m.shape.BlockSize >> 10),
		oracle.Safety(rnd.Below(3)), oracle.AutoFlushKB(4 << rnd.Below(5)),
		oracle.AutoMerge(m.shape.AutoMerge), oracle.MaxFreelist([]int{2, 4, 24}[rnd.Below(3)]),
		oracle.Mmap(rnd.Below(2)), oracle.MultiProcess(rnd.Below(2) == 0), oracle.Compression(m.shape.Codec),
	}
	p := planner{rnd: rnd, spec: m.shape.Spec, flush: end == endClose, merges: []int{0}}
	if m.moved || m.shape.Codec != "none" && m.shape.Spec.KeyMax > m.shape.PageSize/4 {
		// C must not leave a merge of moved blocks half done, nor one of compressed pages
		// with keys that stand outside their b-tree.
		settings = append(settings, oracle.AutoWork(false), oracle.AutoCheckpointKB(0))
		p.merges, p.flush = nil, false
	} else {
		settings = append(settings, oracle.AutoCheckpointKB(max(pageKB, 4<<rnd.Below(5))))
	}
	steps := p.steps(10 + rnd.Below(60))
	if !m.moved && rnd.Below(2) == 0 { // leave a merge half done, if one is to be had
		for range 1 + rnd.Below(3) {
			steps = append(steps, step{kind: stepWork, size: 1 + rnd.Below(4)}, step{kind: stepCheckpoint})
		}
	}
	optimize := end == endClose && rnd.Below(3) == 0
	m.last = fmt.Sprint("C, ", end, " ", settings, " optimize ", optimize)

	c := startBinary(m.t, os.Getenv(oracle.EnvBinary))
	c.Timeout = hurry
	if err := c.Open(m.path, settings...); err != nil {
		m.fail("open: %v", err)
	}
	state := m.states[0]
	want := state.Rows()
	if err := sameInC(c, want); err != nil {
		m.fail("before C writes: %v", err)
	}
	noGE := func(key []byte) bool { return m.bounds[string(key)] }
	if err := cLookups(c, want, m.probes(want), noGE); err != nil {
		m.fail("before C writes: %v", err)
	}
	if end == endKill {
		m.killC(c, steps, &rnd)
		return
	}
	for i, s := range steps {
		if err := s.onC(c); err != nil {
			m.fail("step %d, %v: %v", i, s, err)
		}
		state = s.after(state)
	}
	m.states = []oracle.Model{state}
	if optimize {
		m.moved = true
		if err := c.Configure(oracle.AutoCheckpointKB(0)); err != nil {
			m.fail("configure: %v", err)
		}
		for range 4 {
			if _, err := c.Work(1, -1); err != nil {
				m.fail("optimize: %v", err)
			}
		}
	}
	if end == endCrash {
		c.Abandon()
		return
	}
	if err := c.Close(); err != nil {
		m.fail("close: %v", err)
	}
}

// killC does the steps and kills C at some time in the middle of one.
func (m *match) killC(c *oracle.Client, steps []step, rnd *oracle.SplitMix) {
	stopAfter := rnd.Below(len(steps))
	delay := time.Duration(rnd.Below(1500)) * time.Microsecond
	state := m.states[0]
	for i, s := range steps {
		if i == stopAfter {
			time.AfterFunc(delay, c.Kill)
		}
		if err := s.onC(c); err != nil {
			if i < stopAfter || !errors.Is(err, oracle.ErrDead) {
				m.fail("step %d, %v: %v", i, s, err)
			}
			c.Abandon()
			m.states = []oracle.Model{state, s.after(state)}
			return
		}
		state = s.after(state)
	}
	c.Abandon()
	m.states = []oracle.Model{state}
}
