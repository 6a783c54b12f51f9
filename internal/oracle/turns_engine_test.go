// SPDX-License-Identifier: Apache-2.0

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

// ---- the engine's turn ----

// An ending says how a turn ends.
type ending int

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
