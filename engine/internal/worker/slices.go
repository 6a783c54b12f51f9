// SPDX-License-Identifier: Apache-2.0

package worker

import "context"

// Phase is what a request for work is doing.
type Phase string

// The phases.
const (
	PhaseFlush      Phase = "flush"      // the in-memory trees are written to the file
	PhaseMerge      Phase = "merge"      // segments are merged
	PhaseCompact    Phase = "compact"    // the one segment is written again, to the front of the file
	PhaseCheckpoint Phase = "checkpoint" // what was written is made durable
	PhaseTruncate   Phase = "truncate"   // the end of the file is cut off
)

// Progress is what a request for work has done so far, in pages.
type Progress struct {
	Phase                  Phase
	PagesWritten           int64 // since the request began; what others did meanwhile does not count
	PhasePages, PhaseTotal int64 // of the phase; how many it will have about, 0 if that is not known
	Done                   bool  // nothing is left to do
}

// Request is one request for work: its progress, and where that is reported.
type Request struct {
	Progress
	// NoWait says that the request fails with ErrBusy where it would begin with a wait: for the worker's
	// turn, or in a flush for the writer's. Between its slices it waits as any other.
	NoWait bool
	begun  bool // a slice has had the worker's turn
	w      *Worker
	op     string
	tell   func(Progress) // may be nil
	watch  sliceWatch
}

// NewRequest makes a request. op names it in errors, by for observers. tell is called between
// slices of work, without a turn; it may be nil.
func (w *Worker) NewRequest(op, by string, tell func(Progress)) *Request {
	return &Request{w: w, op: op, tell: tell, watch: sliceWatch{w: w, by: by}}
}

// Begin starts a phase.
func (r *Request) Begin(phase Phase, total int64) {
	r.Phase, r.PhasePages, r.PhaseTotal = phase, 0, total
	r.report()
}

// add counts pages and reports them.
func (r *Request) add(pages int) {
	r.PagesWritten += int64(pages)
	r.PhasePages += int64(pages)
	r.report()
}

func (r *Request) report() {
	if r.tell != nil {
		r.tell(r.Progress)
	}
}

// End ends the request, with the error it has failed with.
func (r *Request) End(err error) { r.watch.end(err) }

// finish reports that nothing is left to do, unless err says otherwise.
func (r *Request) finish(err error) {
	r.Done = err == nil
	r.report()
}

// Slice is a piece of work: how many pages' worth it was, and whether it was the last.
type Slice func() (pages int, done bool, err error)

// Once does one slice. The caller has the worker's turn.
func (r *Request) Once(do Slice) error {
	_, _, err := r.watch.slice(do)
	return err
}

// InSlices calls do with the worker's turn, until it returns true or an error; between the
// calls the turn goes to whichever goroutine waits for it, so that no commit and no flush
// waits for all of a long merge.
func (r *Request) InSlices(ctx context.Context, do Slice) error {
	for {
		if err := ctx.Err(); err != nil {
			return WaitError(r.op, r.w.Path, "the work to end", err)
		}
		if err := r.take(ctx); err != nil {
			return err
		}
		n, done, err := r.watch.slice(do)
		r.w.Turn.Release()
		r.add(n)
		if done || err != nil {
			return err
		}
	}
}

// take takes the worker's turn for a slice.
func (r *Request) take(ctx context.Context) error {
	if !r.NoWait || r.begun {
		return r.w.Take(ctx, r.op)
	}
	if err := r.w.tryTake(r.op); err != nil {
		return err
	}
	r.begun = true
	return nil
}
