// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

// turnsPerMatch is how often the file changes hands.
const turnsPerMatch = 8

// A match is one file that changes hands.
type match struct {
	t     *testing.T
	seed  uint64
	turn  int
	rnd   oracle.SplitMix
	shape shape
	path  string
	// states are what the file may hold: more than one if the last turn was killed in
	// the middle of a step.
	states []oracle.Model
	bounds map[string]bool // keys that a range delete began or ended at
	moved  bool            // C may have moved blocks of the oldest segment
	byC    bool            // the last turn was C's
	last   string          // what the last turn did, for messages
}

// shape is what stays the same during a match.
type shape struct {
	PageSize, BlockSize int
	Codec               string
	// AutoMerge is C's. If it grew, or if C was asked for smaller merges, C would wait for
	// ever for a scheduler that leaves a half done merge of fewer segments alone.
	AutoMerge int
	Spec      oracle.Spec
}

func newMatch(t *testing.T, seed uint64) *match {
	rnd := oracle.SplitMix(seed)
	return &match{
		t: t, seed: seed, rnd: rnd, shape: newShape(&rnd),
		path:   filepath.Join(t.TempDir(), "turns.db"),
		states: []oracle.Model{{}},
		bounds: make(map[string]bool),
	}
}

func newShape(rnd *oracle.SplitMix) shape {
	s := shape{PageSize: 256 << rnd.Below(9), AutoMerge: 2 + rnd.Below(4)}
	// Four pages to a block at least, and room in it for one that does not compress.
	s.BlockSize = max(64<<10<<rnd.Below(3), 4*s.PageSize)
	s.Spec = oracle.Spec{
		Keys: 30 << rnd.Below(7), KeyMin: 9, KeyMax: 9 + rnd.Below(60),
		ValMax: 20 << rnd.Below(6), PctDel: 5 + rnd.Below(30), PctRange: rnd.Below(12),
	}
	if rnd.Below(3) == 0 { // keys of about a page, some longer
		// With records of 32 KiB C loses commits behind a savepoint that was rolled back.
		s.Spec.Keys, s.Spec.KeyMax = 60, min(s.PageSize/4+rnd.Below(2*s.PageSize), 30_000)
	}
	s.Codec = []string{"none", "lz4", "zlib", "zstd"}[rnd.Below(4)]
	if *flagCodec != "" {
		s.Codec = *flagCodec
	}
	return s
}

// fail ends the test with what is needed to play the match again.
func (m *match) fail(format string, args ...any) {
	m.t.Helper()
	kept := keepFiles(m.t, m.path, fmt.Sprintf("turns/seed-%d-turn-%d.db", m.seed, m.turn))
	m.t.Fatalf("turn %d (%s): %s\npage %d, block %d, compression %s, keys to %d bytes, values to %d\nfiles: %s\nagain: go test -tags oracle ./internal/oracle -run TestTakingTurns -seed=%d -matches=1 -codec=%s",
		m.turn, m.last, fmt.Sprintf(format, args...), m.shape.PageSize, m.shape.BlockSize, m.shape.Codec,
		m.shape.Spec.KeyMax, m.shape.Spec.ValMax, kept, m.seed, m.shape.Codec)
}

// judge lets C and the engine recover copies of the file. Both must find the same one of
// the possible states.
func (m *match) judge() {
	m.t.Helper()
	rows, err := m.recoverC()
	if err != nil {
		m.fail("C, on a copy: %v", err)
	}
	copied := copyDB(m.t, m.path, filepath.Join(m.t.TempDir(), "judge.db"))
	db, err := engine.Open(context.Background(), copied, engine.Options{NoAutoWork: true})
	if err != nil {
		m.fail("the engine cannot open a copy: %v", err)
	}
	defer db.Close()
	if err := engineProblems(db, rows, m.probes(rows)); err != nil {
		m.fail("the engine, on a copy that C reads well: %v", err)
	}
}

// probes returns keys to look up: some that exist and their neighbours, and some of all
// keys that the match uses, which are likely to stand deleted in a segment.
func (m *match) probes(rows []oracle.Row) [][]byte {
	probes := probesOf(rows, 40)
	for i := 0; i < m.shape.Spec.Keys; i += max(1, m.shape.Spec.Keys/80) {
		probes = append(probes, m.shape.Spec.Key(uint64(i)))
	}
	return probes
}

// mergeUnderWay tells from the text of a structure, "{AGE {SEGMENT} …} …", whether a
// level has more than one segment.
func mergeUnderWay(structure string) bool {
	depth, segments := 0, 0
	for _, r := range structure {
		switch r {
		case '{':
			if depth++; depth == 2 {
				segments++
			}
		case '}':
			if depth--; depth == 0 {
				if segments > 1 {
					return true
				}
				segments = 0
			}
		}
	}
	return false
}

// turnRnd is the source of everything in one turn, so that a child process can draw the
// same.
func turnRnd(seed uint64, turn int) oracle.SplitMix {
	return oracle.SplitMix(seed<<8 + uint64(turn)*0x51_7c_c1_b7)
}
