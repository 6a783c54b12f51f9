// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/vfs/faultfs"
)

// An outsider is another process, which reads what that of the program writes: it has handles of its own on the same
// files, so that its locks are its own, too, and knows nothing else of the writer. It begins once that has the database
// open, and goes on after its end, unless the power fails.
type outsider struct {
	kept
	files *faultfs.FS
	db    *engine.DB
}

// outside is the goroutine of an outsider.
func (r *run) outside(t task) {
	o := &outsider{files: faultfs.Wrap(r.mem)}
	o.files.OnCall(r.call)
	defer o.files.OnCall(nil)
	for _, op := range t.ops {
		if r.over() || r.steps.Load() > enoughSteps {
			break
		}
		r.hold(fmt.Sprint("operation ", op.no))
		killed := r.gone()
		what, err := r.readOutside(rand.New(rand.NewPCG(op.seed, 0)), o)
		if killed && err == nil && !r.isDark() {
			r.mu.Lock()
			r.result.Outlive++
			r.mu.Unlock()
		}
		r.judgeOutside(fmt.Sprintf("%s, operation %d, %s", t.name, op.no, what), err)
	}
	r.judgeOutside(t.name+", at its end", o.close())
}

// judgeOutside judges the error of an operation. Neither a kill of the process that writes nor what fails there may
// make one of the others fail. After a loss of power there is nobody who could see anything.
func (r *run) judgeOutside(what string, err error) {
	if r.isDark() {
		r.note(fmt.Sprintf("%s: %v", what, err == nil))
		return
	}
	r.judge(what, err, false)
}

func (r *run) isDark() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dark
}

// over reports whether there is no use in going on for another process.
func (r *run) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err != nil || r.dark
}

// close ends the process.
func (o *outsider) close() error {
	err := o.letGo()
	if o.db != nil {
		err = errors.Join(err, o.db.Close())
		o.db = nil
	}
	return err
}

// readOutside is one of the ways to read in another process. Such a process sees what was acknowledged before.
func (r *run) readOutside(rng *rand.Rand, o *outsider) (what string, err error) {
	from := r.chain.oldestOutside()
	if o.db == nil {
		o.db, err = engine.Open(context.Background(), path, engine.Options{FS: o.files, ReadOnly: true, MustExist: true,
			Key: r.options.Key, CacheSize: int64(r.options.PageSize) << rng.IntN(8), IndexSize: -1})
		if err != nil {
			o.db = nil
			return "open", err
		}
	}
	if rng.IntN(8) == 0 {
		return "close", o.close()
	}
	what, err = r.readFrom(view{o.db, from, true}, rng, &o.kept)
	if errors.Is(err, engine.ErrSnapshotGone) {
		err = errors.Join(err, o.letGo())
	}
	return what, err
}

// A view is a handle that shows commits no older than one of them.
type view struct {
	db      *engine.DB
	from    *commit
	outside bool // of another process than the writer
}

// showsFailed reports whether what was just read through a view may be a commit that has failed: after the end of a
// writer that was killed, or whose sync has failed, what is found in the files is not known. It is asked after reading,
// because the end may have come in between.
func (r *run) showsFailed(v view) bool { return v.outside && r.mayBeDead() }

// seenBy is what a reader sees through a view.
func (r *run) seenBy(s enginetest.Reader, v view) (*commit, error) {
	if !r.showsFailed(v) {
		return r.seen(s, v.from)
	}
	c, err := found(s, r.chain.from(v.from, true))
	if err != nil {
		return nil, fmt.Errorf("from commit %d on, also those that have failed: %w", v.from.no, err)
	}
	return c, nil
}

// readFrom is one of the ways to read.
func (r *run) readFrom(v view, rng *rand.Rand, k *kept) (what string, err error) {
	if k.s != nil && rng.IntN(3) > 0 {
		return "kept snapshot", r.readKept(rng, k)
	}
	if rng.IntN(4) == 0 {
		return "get", r.get(v, rng)
	}
	s, err := enginetest.Engine(v.db).Snapshot(context.Background())
	if err != nil {
		return "snapshot", err
	}
	defer func() {
		if k.s != s {
			err = errors.Join(err, s.Close())
		}
	}()
	at, err := r.seenBy(s, v)
	if err != nil {
		return "snapshot", err
	}
	if k.s == nil && rng.IntN(3) == 0 {
		*k = kept{s, at}
	}
	for range rng.IntN(4) {
		r.hold("snapshot is kept")
		if err := r.walk(s, at.state, rng); err != nil {
			return "held cursor", fmt.Errorf("of commit %d: %w", at.no, err)
		}
		if err := enginetest.Probe(s, at.state, rng, r.gen, 3); err != nil {
			return "held snapshot", fmt.Errorf("of commit %d: %w", at.no, err)
		}
	}
	return "snapshot", nil
}
