//go:build oracle

package oracle_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/oracle"
)

var (
	flagSeed    = flag.Uint64("seed", 1, "first seed of TestTakingTurns")
	flagCodec   = flag.String("codec", "", "compression of all matches of TestTakingTurns in place of a random one")
	flagMatches = flag.Int("matches", 16, "matches that TestTakingTurns plays, one a seed")
)

// turnsPerMatch is how often the file changes hands.
const turnsPerMatch = 8

// TestTakingTurns lets the engine and C lsm1 write the same file in turn. Each turn ends
// with a close or with a crash, and after each one C's and the engine's recovery of a
// copy must both hold what was committed.
func TestTakingTurns(t *testing.T) {
	if _, ok := oracle.Binary(); !ok {
		t.Skipf("no C lsm1: %s does not name the driver", oracle.EnvBinary)
	}
	for i := range *flagMatches {
		seed := *flagSeed + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			m := newMatch(t, seed)
			for m.turn = range turnsPerMatch {
				if m.byC = (m.turn+int(seed))%2 != 0; m.byC {
					m.cTurn()
				} else {
					m.engineTurn()
				}
				m.judge()
			}
		})
	}
}

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

// ---- the engine's turn ----

// An ending says how a turn ends.
type ending int

const (
	endClose ending = iota
	endCrash        // between two steps
	endKill         // in the middle of a step
)

func (e ending) String() string { return [...]string{"closed", "crashed", "killed"}[e] }

// engineJob is what a child process needs to play the engine's turn.
type engineJob struct {
	Path  string
	Seed  uint64
	Turn  int
	Shape shape
}

func (j engineJob) draw() (end ending, o engine.Options, steps []step) {
	rnd := turnRnd(j.Seed, j.Turn)
	end = ending(rnd.Below(3))
	o = engine.Options{
		PageSize: j.Shape.PageSize, BlockSize: j.Shape.BlockSize, Compression: j.Shape.Codec,
		Safety:         engine.Safety(1 + rnd.Below(3)),
		AutoFlush:      4 << 10 << rnd.Below(5),
		AutoCheckpoint: max(j.Shape.PageSize, 8<<10<<rnd.Below(4)),
		AutoMerge:      2 + rnd.Below(5),
		MaxFreelist:    []int{2, 4, 24}[rnd.Below(3)],
		NoAutoWork:     rnd.Below(5) == 0,
		CacheSize:      64 << 10 << rnd.Below(5),
		Background:     engine.Background(rnd.Below(4)),
	}
	if end == endCrash {
		o.Background = engine.BackgroundNone // or the files would change while they are copied
	}
	p := planner{
		rnd: rnd, spec: j.Shape.Spec, wholeRollback: true, flush: true,
		edges: end == endClose, merges: []int{0, 1, 2, 3},
	}
	return end, o, p.steps(10 + rnd.Below(60))
}

func (m *match) engineTurn() {
	job := engineJob{Path: m.path, Seed: m.seed, Turn: m.turn, Shape: m.shape}
	end, o, steps := job.draw()
	m.last = fmt.Sprintf("engine, %s, background %v, autoflush %d, automerge %d, max_freelist %d, autocheckpoint %d, safety %v, no autowork %v",
		end, o.Background, o.AutoFlush, o.AutoMerge, o.MaxFreelist, o.AutoCheckpoint, o.Safety, o.NoAutoWork)
	for _, s := range steps {
		for _, b := range s.bounds() {
			m.bounds[string(b)] = true
		}
	}
	if end == endKill {
		m.killEngine(job, steps)
		return
	}
	ctx := context.Background()
	db, err := engine.Open(ctx, m.path, o)
	if err != nil {
		m.fail("open: %v", err)
	}
	state := m.states[0]
	for i, s := range steps {
		if err := s.onEngine(db); err != nil {
			_ = db.Close()
			m.fail("step %d, %v: %v", i, s, err)
		}
		state = s.after(state)
		if i%16 == 15 {
			rows, err := engineRows(db)
			if err == nil {
				if d := oracle.Diff(rows, state.Rows()); d != "" {
					err = errors.New(d)
				}
			}
			if err != nil {
				m.fail("after step %d, %v: %v", i, s, err)
			}
		}
	}
	m.states = []oracle.Model{state}
	crashed := filepath.Join(m.t.TempDir(), "crashed.db")
	if end == endCrash {
		copyDB(m.t, m.path, crashed)
	}
	if err := db.Close(); err != nil {
		m.fail("close: %v", err)
	}
	if end == endCrash {
		m.path = crashed
	}
}

// envChild tells the test binary that it is the child of killEngine.
const envChild = "LSMLITE_ORACLE_CHILD"

// killEngine plays the turn in a child process and kills it at some time after some
// step. The step after the last one that the child told of may or may not have happened.
func (m *match) killEngine(job engineJob, steps []step) {
	text, err := json.Marshal(job)
	must(m.t, err)
	exe, err := os.Executable()
	must(m.t, err)
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), envChild+"="+string(text))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	must(m.t, err)
	must(m.t, cmd.Start())
	rnd := oracle.SplitMix(m.seed + uint64(m.turn)<<32)
	stopAfter := rnd.Below(len(steps) + 1)
	delay := time.Duration(rnd.Below(2000)) * time.Microsecond
	done := 0
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() != fmt.Sprint("done ", done) {
			break // an error, which is on standard error, too
		}
		done++
		if done == stopAfter+1 { // the first line says that the database is open
			time.AfterFunc(delay, func() { _ = cmd.Process.Kill() })
		}
	}
	err = cmd.Wait()
	if text := stderr.String(); text != "" {
		m.fail("the child: %v: %s", err, text)
	}
	state := m.states[0]
	m.states = nil
	for i := range steps {
		if i >= done-1 {
			break
		}
		state = steps[i].after(state)
	}
	m.states = []oracle.Model{state}
	if done > 0 && done-1 < len(steps) {
		m.states = append(m.states, steps[done-1].after(state))
	}
}

// TestMain runs the child's part of killEngine if it is asked for, else the tests.
func TestMain(m *testing.M) {
	if text := os.Getenv(envChild); text != "" {
		if err := child(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	os.Exit(m.Run())
}

// child plays the engine's turn and tells of each step that is done, until it is killed.
func child(text string) error {
	var job engineJob
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		return err
	}
	_, o, steps := job.draw()
	db, err := engine.Open(context.Background(), job.Path, o)
	if err != nil {
		return err
	}
	fmt.Println("done 0")
	for i, s := range steps {
		if err := s.onEngine(db); err != nil {
			return fmt.Errorf("step %d, %v: %w", i, s, err)
		}
		fmt.Println("done", i+1)
	}
	time.Sleep(time.Minute) // the parent kills this process
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
