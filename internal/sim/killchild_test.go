// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// childOrder is the environment of a process that kills itself: an order in JSON.
const childOrder = "LSMLITE_SIM_ORDER"

// order is what a process does that kills itself.
type order struct {
	Trial uint64
	Needs sim.TrialNeeds
	Path  string
	Last  uint64 // the last transaction that is in the database
	Phase int    // index in sim.Phases; -1 builds what others begin with, and closes it if Close is set
	Close bool
	// Forever has it commit until somebody else kills it.
	Forever bool
	Call    string  // the kind of call at which it is killed, as printed; empty: it only prints the calls
	Nth     int     // which of those of the phase, from 1
	When    string  // before, after or within that call
	Part    float64 // how much of a write is done if it is within
}

// When a process is killed.
const (
	before = "before"
	within = "within"
	after  = "after"
)

// What such a process prints, each a line that begins with one of these words.
const (
	saysAcked = "acked" // a transaction has returned
	saysCall  = "call"  // of the phase: kind, and what kind of file
	saysDies  = "dies"  // at this call
	saysEnd   = "end"   // of the phase
)

// obey is all that such a process does.
func obey() error {
	var o order
	if err := json.Unmarshal([]byte(os.Getenv(childOrder)), &o); err != nil {
		return err
	}
	v := &victim{order: o}
	fsys := sim.NewCalls(vfs.OS, v.before, v.after)
	a := &sim.Actor{Trial: sim.NewTrial(o.Trial, o.Needs), FS: fsys, Below: vfs.OS, Path: o.Path, Last: o.Last,
		Acked: func(n uint64) { fmt.Fprintln(os.Stdout, saysAcked, n) }}
	ctx := context.Background()
	if o.Forever {
		return commitForever(ctx, a)
	}
	if o.Phase < 0 {
		if err := sim.Build(ctx, a); err != nil || !o.Close {
			return err
		}
		return a.DB.Close()
	}
	phase := &sim.Phases[o.Phase]
	if err := phase.Ready(ctx, a); err != nil {
		return err
	}
	v.armed.Store(true)
	err := phase.Do(ctx, a)
	v.armed.Store(false)
	if v.dying.Load() != 0 {
		select {}
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, saysEnd)
	for _, c := range v.calls() {
		fmt.Fprintln(os.Stdout, saysCall, c)
	}
	return nil
}

// victim kills its process at a call.
type victim struct {
	order
	armed atomic.Bool
	dying atomic.Int64 // the number of the call at which it dies

	mu   sync.Mutex
	n    int // calls of the kind since it was armed
	seen []string
}

var errDying = errors.New("the process is being killed")

// before is called before each call.
func (v *victim) before(c sim.Call) sim.Fate {
	if !v.armed.Load() {
		return sim.Fate{}
	}
	what := string(c.Kind) + "\t" + v.fileOf(c.Name)
	v.mu.Lock()
	if v.Call == "" {
		v.seen = append(v.seen, what)
	} else if v.Call == what {
		v.n++
	}
	found := v.Call == what && v.n == v.Nth
	v.mu.Unlock()
	if !found {
		return sim.Fate{}
	}
	fmt.Fprintln(os.Stdout, saysDies, what)
	v.dying.Store(int64(c.N))
	switch v.When {
	case before:
		die()
	case within:
		return sim.Fate{Err: errDying, Part: v.Part}
	}
	return sim.Fate{}
}

// after is called after each call.
func (v *victim) after(c sim.Call) {
	if v.dying.Load() == int64(c.N) {
		die()
	}
}

// die kills the process.
func die() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "it cannot kill itself:", err)
		os.Exit(3)
	}
	select {}
}

// fileOf says which kind of file has the name.
func (v *victim) fileOf(name string) string {
	rest, ok := strings.CutPrefix(name, v.Path)
	switch {
	case !ok:
		return "folder"
	case rest == "":
		return "database"
	case rest == "-log" || rest == "-live" || rest == "-copy":
		return rest[1:]
	}
	return "new file"
}

func (v *victim) calls() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seen
}
