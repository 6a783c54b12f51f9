// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// FaultWay is a way in which calls fail.
type FaultWay struct {
	Name    string
	fate    Fate
	forever bool // all that come after it fail, too
	kinds   []CallKind
}

// space are the kinds of calls that may need space on the disk.
var space = []CallKind{CallCreate, CallWrite, CallTruncate, CallRename, CallSync, CallSyncDir, CallMapWrite}

// FaultWays are all of them.
var FaultWays = []FaultWay{
	{Name: "once", fate: Fate{Err: syscall.EIO}},
	{Name: "from then on", fate: Fate{Err: syscall.EIO}, forever: true},
	{Name: "disk full once", fate: Fate{Err: syscall.ENOSPC}, kinds: space},
	{Name: "disk full from then on", fate: Fate{Err: syscall.ENOSPC, Part: 0.3}, kinds: space, forever: true},
	{Name: "short write", fate: Fate{Err: syscall.EIO, Part: 0.6}, kinds: []CallKind{CallRead, CallWrite, CallMapWrite}},
	{Name: "whole write that fails", fate: Fate{Err: syscall.EIO, Part: 1}, kinds: []CallKind{CallWrite, CallMapWrite}},
	{Name: "sync that drops pages", fate: Fate{Err: syscall.EIO, Drop: 4096}, kinds: []CallKind{CallSync, CallSyncDir}},
}

// concerns reports whether a call can fail in this way.
func (w *FaultWay) concerns(c Call) bool {
	if !c.Kind.CanFail() {
		return false
	}
	for _, kind := range w.kinds {
		if kind == c.Kind {
			return true
		}
	}
	return w.kinds == nil
}

// FaultResult counts what the calls of a phase led to that failed in one way.
type FaultResult struct {
	Failed map[CallKind]int // calls that failed first, one in each run
	Silent int              // runs in which no error was returned
	Poison int              // runs after which the handle accepted nothing more
	Looks  int              // databases that were opened and compared afterwards
}

// FaultPhase fails each call of the file system that a phase of a trial's database makes, one run after another, in
// one way. What must hold: errors say what failed and have a code; nothing is acknowledged after a failed sync; a
// process that is killed, or at SafetyFull a loss of power, loses nothing that was acknowledged, also right then; no
// handle is left; the database works when it is opened again; no copy is left that is not whole.
//
// The files are in memory, or for a folder that is not "", in one within that: then power cannot be lost, but there are
// mappings for writes, and the locks of the system.
func FaultPhase(ctx context.Context, t *Trial, p *Phase, w *FaultWay, folder string) (FaultResult, error) {
	result := FaultResult{Failed: make(map[CallKind]int)}
	found, last, err := faultBase(ctx, t, p, folder)
	if err != nil {
		return result, fmt.Errorf("without a fault: %w", err)
	}
	defer found.drop()
	for n := 1; ; n++ {
		base, err := found.copied()
		if err != nil {
			return result, err
		}
		f := &phaseFault{Trial: t, phase: p, way: w, nth: n, found: found, base: base, last: last, result: &result}
		err = caught(func() error { return f.run(ctx) })
		base.drop()
		if err != nil {
			return result, fmt.Errorf("call %d, %s %s from %d: %w", n, f.first.Kind, f.first.Name, f.first.Off, err)
		}
		if f.first.N == 0 {
			return result, nil
		}
		result.Failed[f.first.Kind]++
	}
}

// faultBase makes what the phase finds.
func faultBase(ctx context.Context, t *Trial, p *Phase, folder string) (found site, last uint64, err error) {
	made, err := newSite(folder)
	if err != nil || p.Found == FoundNothing {
		return made, 0, err
	}
	a := &Actor{Trial: t, FS: made.fs(), Path: made.path()}
	if err := Build(ctx, a); err != nil {
		return nil, 0, err
	}
	if p.Found == FoundClosed {
		return made, a.Last, a.DB.Close()
	}
	defer made.drop()
	if folder != "" { // a copy of which takes longer than a moment
		if err := a.Settle(ctx); err != nil {
			return nil, 0, err
		}
	}
	found, err = made.copied()
	return found, a.Last, errors.Join(err, a.DB.Close())
}

// phaseFault is one run of a phase with one call that fails.
type phaseFault struct {
	*Trial
	phase  *Phase
	way    *FaultWay
	nth    int
	found  site // what the phase finds
	base   site
	calls  *Calls
	last   uint64 // the last transaction in found
	actor  *Actor
	result *FaultResult

	mu      sync.Mutex
	armed   bool
	n       int
	first   Call // the one that failed first
	removed bool // a removal was among those that failed
	failing bool // calls fail from now on

	syncFailed bool  // a sync of this handle has failed when the last commit began
	wrong      error // found in a function that returns none
	unknown    bool  // the transaction after the last one may be there
}

// before decides about a call.
func (f *phaseFault) before(c Call) Fate {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.armed || !f.way.concerns(c) {
		return Fate{}
	}
	f.n++
	if f.n != f.nth && !f.failing {
		return Fate{}
	}
	if f.first.N == 0 {
		f.first = c
		f.failing = f.way.forever
	}
	f.removed = f.removed || c.Kind == CallRemove
	return f.way.fate
}

func (f *phaseFault) arm(is bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = is
}

// struck reports whether a call has failed.
func (f *phaseFault) struck() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first.N > 0
}

// unsynced reports whether a sync of the database or its log was the first that failed.
func (f *phaseFault) unsynced() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first.Kind == CallSync && (f.first.Name == f.base.path() || f.first.Name == f.base.path()+"-log")
}

// begun and acked watch that nothing is acknowledged after a failed sync. With goroutines a commit may end while the
// sync of a checkpoint fails, of which its own promise does not depend.
func (f *phaseFault) begun(uint64) { f.syncFailed = f.unsynced() }

func (f *phaseFault) acked(n uint64) {
	if f.syncFailed && f.opts.Background == engine.BackgroundNone && f.wrong == nil {
		f.wrong = fmt.Errorf("transaction %d is acknowledged after a failed sync", n)
	}
}

func (f *phaseFault) run(ctx context.Context) error {
	f.calls = NewCalls(f.base.fs(), f.before, func(Call) {})
	f.actor = &Actor{Trial: f.Trial, FS: f.calls, Below: f.base.fs(), Path: f.base.path(), Last: f.last,
		Begun: f.begun, Acked: f.acked}
	if err := f.phase.Ready(ctx, f.actor); err != nil {
		return fmt.Errorf("without a fault: %w", err)
	}
	before := f.actor.Last
	f.arm(true)
	err := f.phase.Do(ctx, f.actor)
	hit := f.struck()
	if err := f.judge(err); err != nil {
		return err
	}
	if err == nil && hit {
		f.result.Silent++
	}
	db := f.actor.DB
	if f.unsynced() && err == nil && (db == nil || f.phase.Name == "close" || !poisoned(db)) {
		return errors.New("a sync has failed, and there is no error")
	}
	if !hit {
		f.arm(false)
	}
	if err := f.onward(ctx); err != nil {
		return err
	}
	if err := f.atThisMoment(ctx); err != nil {
		return err
	}
	if err := f.end(); err != nil {
		return err
	}
	if f.wrong != nil {
		return f.wrong
	}
	f.arm(false)
	if err := f.copies(ctx, before, err == nil); err != nil {
		return err
	}
	return f.again(ctx)
}

// poisoned reports whether writing has ended. A goroutine of the background may not have heard yet that its sync fails.
func poisoned(db *engine.DB) bool {
	for until := time.Now().Add(10 * time.Second); db.Poisoned() == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			return false
		}
	}
	return true
}

// judge wants an error to be what the fault leads to.
func (f *phaseFault) judge(err error) error {
	if err == nil {
		return nil
	}
	if !f.struck() {
		return fmt.Errorf("without a fault: %w", err)
	}
	var e *engine.Error
	switch {
	case f.halfRead() && (errors.Is(err, errIncomplete) || errors.Is(err, engine.ErrCorrupt)):
		return nil
	case !errors.Is(err, f.way.fate.Err):
		return fmt.Errorf("the cause is lost: %w", err)
	case !errors.As(err, &e):
		return fmt.Errorf("an error without a code: %w", err)
	}
	if db := f.actor.DB; f.way.forever || db != nil && db.Poisoned() != nil {
		f.unknown = true // a commit may have been what failed
	}
	return nil
}

// halfRead reports whether a rescue could not read something, which to it is damage and no error.
func (f *phaseFault) halfRead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.phase.Name == "rescue" && f.first.Kind == CallRead
}

// onward works on with the handle on which something has failed.
func (f *phaseFault) onward(ctx context.Context) error {
	if f.actor.DB == nil || f.phase.Name == "close" {
		return nil
	}
	if !f.struck() {
		return nil
	}
	for range 2 {
		if err := f.judge(f.actor.Commit(ctx, 1)); err != nil {
			return fmt.Errorf("going on: %w", err)
		}
	}
	if f.actor.DB.Poisoned() != nil {
		f.result.Poison++
		f.unknown = true
	}
	return nil
}

// high is the last transaction that may be there.
func (f *phaseFault) high() uint64 {
	if f.unknown {
		return f.actor.Last + 1
	}
	return f.actor.Last
}

// atThisMoment looks at what is left if the process is killed now, or the power is lost.
func (f *phaseFault) atThisMoment(ctx context.Context) error {
	if _, inFolder := f.base.(inFolder); !inFolder || f.opts.Background == engine.BackgroundNone {
		killed, err := f.base.copied()
		if err != nil {
			return err
		}
		defer killed.drop()
		f.result.Looks++
		if _, err := f.Look(ctx, killed.fs(), killed.path(), f.nth%2 == 0, f.actor.Last, f.high()); err != nil {
			return fmt.Errorf("killed after it: %w", err)
		}
	}
	powerless := f.base.powerless()
	if powerless == nil {
		return nil
	}
	low := uint64(0) // SafetyNormal: any state that was committed
	switch f.opts.Safety {
	case engine.SafetyOff:
		return nil
	case engine.SafetyFull:
		low = f.actor.Last
	}
	f.result.Looks++
	if _, err := f.Look(ctx, powerless, f.base.path(), f.nth%2 == 1, low, f.high()); err != nil {
		return fmt.Errorf("power lost after it: %w", err)
	}
	return nil
}

// end closes the database.
func (f *phaseFault) end() error {
	db := f.actor.DB
	if db != nil && f.phase.Name != "close" {
		poisoned := db.Poisoned() != nil
		err := db.Close()
		if err == nil && poisoned {
			return errors.New("a poisoned database is closed without an error")
		}
		if err := f.judge(err); err != nil {
			return fmt.Errorf("close: %w", err)
		}
	}
	if n := f.calls.Left(); n != 0 {
		return fmt.Errorf("%d files or mappings are open after the end", n)
	}
	return nil
}

// copies looks at a copy that was being made. before is the transaction that was the last one then.
func (f *phaseFault) copies(ctx context.Context, before uint64, made bool) (err error) {
	to := f.actor.Copy()
	switch f.phase.Name {
	case "backup", "copy":
		if f.Replaces() && !made {
			err = f.LookAtCopy(ctx, f.base.fs(), to, false, f.last, before)
		} else {
			err = f.LookAtCopy(ctx, f.base.fs(), to, !made, before)
		}
	case "rescue":
		if made || !f.halfRead() {
			err = f.LookAtCopy(ctx, f.base.fs(), to, !made, before)
		}
		if err == nil {
			err = f.base.unchanged(f.found)
		}
	case "read":
		return f.base.unchanged(f.found)
	}
	if err != nil || f.removed || f.way.forever && f.way.kinds == nil {
		return err // what cannot be looked at cannot be removed
	}
	names, err := f.base.names()
	for _, name := range names {
		if strings.Contains(name, "-backup-") || strings.Contains(name, "-recover-") {
			return fmt.Errorf("%s is left", name)
		}
	}
	return err
}

// again opens the database when nothing fails any more, and works on in it.
func (f *phaseFault) again(ctx context.Context) error {
	f.result.Looks += 3
	n, err := f.Look(ctx, f.calls, f.base.path(), false, f.actor.Last, f.high())
	if err == nil {
		err = f.GoOn(ctx, f.calls, f.base.path(), n)
	}
	if err == nil && f.calls.Left() != 0 {
		err = fmt.Errorf("%d files or mappings are open", f.calls.Left())
	}
	if err != nil {
		return fmt.Errorf("opened again: %w", err)
	}
	return nil
}
