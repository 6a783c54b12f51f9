// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// Actor does something with the database of a trial.
type Actor struct {
	Trial *Trial
	FS    vfs.FS
	Below vfs.FS // the same files without what is done to calls
	Path  string
	DB    *engine.DB
	Last  uint64         // the last transaction that has returned
	Begun func(n uint64) // gets each that is about to be committed; may be nil
	Acked func(n uint64) // gets each that has returned; may be nil
}

// Copy is where the phases that copy the database write to.
func (a *Actor) Copy() string { return a.Path + "-copy" }

// Open opens the database.
func (a *Actor) Open(ctx context.Context) (err error) {
	a.DB, err = engine.Open(ctx, a.Path, a.Trial.Options(a.FS))
	return err
}

// Commit commits so many transactions.
func (a *Actor) Commit(ctx context.Context, times int) error {
	for range times {
		if a.Begun != nil {
			a.Begun(a.Last + 1)
		}
		if err := a.Trial.Commit(ctx, a.DB, a.Last+1); err != nil {
			return err
		}
		a.Last++
		if a.Acked != nil {
			a.Acked(a.Last)
		}
	}
	return nil
}

// Settle waits until nothing is written any more: work of goroutines that was begun is done.
func (a *Actor) Settle(ctx context.Context) error {
	if err := a.alone(true); err != nil {
		return err
	}
	if err := a.DB.Flush(ctx); err != nil {
		return err
	}
	if _, err := a.DB.Checkpoint(ctx); err != nil {
		return err
	}
	return a.Commit(ctx, 3)
}

// alone leaves all work of the database to calls for it, or ends that.
func (a *Actor) alone(is bool) error {
	return a.DB.Set(func(o *engine.Options) {
		if o.NoAutoWork = is; is {
			o.AutoCheckpoint = -1
		} else {
			o.AutoCheckpoint = a.Trial.opts.AutoCheckpoint
		}
	})
}

// Found is what a phase finds.
type Found string

// What there is when a phase begins.
const (
	FoundNothing Found = "nothing"
	FoundClosed  Found = "a database that was closed"
	FoundKilled  Found = "a database whose process was killed"
)

// Phase is a part of the life of a database.
type Phase struct {
	Name  string
	Found Found
	// Encrypted is set if it is only for such databases.
	Encrypted bool
	// Opens is set if the phase begins with a database that is not open.
	Opens bool
	// written is set if a database is opened and written without what is done to calls, while something else is tried.
	written bool
	// ready brings an open database to where the phase begins.
	ready func(ctx context.Context, a *Actor) error
	do    func(ctx context.Context, a *Actor) error
}

// Phases are all of them.
var Phases = []Phase{
	{Name: "create", Found: FoundNothing, Opens: true, do: openAndCommit},
	{Name: "open", Found: FoundClosed, Opens: true, do: openAndCommit},
	{Name: "recovery", Found: FoundKilled, Opens: true, do: openAndCommit},
	{Name: "write", Found: FoundClosed, do: doWrite},
	{Name: "flush", Found: FoundClosed, ready: readyToFlush, do: doFlush},
	{Name: "merge", Found: FoundClosed, ready: readyToMerge, do: doMerge},
	{Name: "checkpoint", Found: FoundKilled, ready: readyToCheckpoint, do: doCheckpoint},
	{Name: "optimize", Found: FoundKilled, ready: readyToMerge, do: doOptimize},
	{Name: "backup", Found: FoundKilled, ready: readyToCopy, do: doBackup},
	{Name: "copy", Found: FoundClosed, ready: readyToCopy, do: doCopy},
	{Name: "keys", Found: FoundClosed, Encrypted: true, do: doKeys},
	{Name: "close", Found: FoundKilled, ready: readyToFlush, do: doClose},
	{Name: "rescue", Found: FoundKilled, Opens: true, do: doRescue},
	{Name: "read", Found: FoundKilled, Opens: true, do: doRead},
	{Name: "attach", Found: FoundKilled, written: true, do: doAttach},
}

// Build makes what most phases find: several segments, free blocks, and transactions that are only in the log.
func Build(ctx context.Context, a *Actor) error {
	if err := a.Open(ctx); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(a.Trial.Number, 5))
	for i := range 4 {
		if err := a.Commit(ctx, 4+rng.IntN(8)); err != nil {
			return err
		}
		if err := a.DB.Flush(ctx); err != nil {
			return err
		}
		if i == 1 {
			if _, err := a.DB.Work(ctx, engine.WorkOptions{Merge: 2}); err != nil {
				return err
			}
			if _, err := a.DB.Checkpoint(ctx); err != nil {
				return err
			}
		}
	}
	return a.Commit(ctx, 3)
}

// Ready brings the database to where the phase begins.
func (p *Phase) Ready(ctx context.Context, a *Actor) error {
	if p.Opens {
		return nil
	}
	if p.written {
		o := a.Trial.Options(a.Below)
		o.Readers = true
		var err error
		a.DB, err = engine.Open(ctx, a.Path, o)
		return err
	}
	if err := a.Open(ctx); err != nil {
		return err
	}
	if p.ready == nil {
		return nil
	}
	return p.ready(ctx, a)
}

// Do does what the phase is about.
func (p *Phase) Do(ctx context.Context, a *Actor) error { return p.do(ctx, a) }

func openAndCommit(ctx context.Context, a *Actor) error {
	if err := a.Open(ctx); err != nil {
		return err
	}
	return a.Commit(ctx, 1)
}

func doWrite(ctx context.Context, a *Actor) error { return a.Commit(ctx, 40) }

func readyToFlush(ctx context.Context, a *Actor) error {
	if err := a.alone(true); err != nil {
		return err
	}
	return a.Commit(ctx, 8)
}

func doFlush(ctx context.Context, a *Actor) error {
	if err := a.alone(false); err != nil {
		return err
	}
	if err := a.DB.Flush(ctx); err != nil {
		return err
	}
	return a.Commit(ctx, 1)
}

// readyToMerge makes some segments.
func readyToMerge(ctx context.Context, a *Actor) error {
	for range 3 {
		if err := readyToFlush(ctx, a); err != nil {
			return err
		}
		if err := a.DB.Flush(ctx); err != nil {
			return err
		}
	}
	return a.Commit(ctx, 2)
}

func doMerge(ctx context.Context, a *Actor) error {
	if err := a.alone(false); err != nil {
		return err
	}
	for _, o := range []engine.WorkOptions{{Merge: 2, Pages: 5}, {Merge: 2}, {Merge: 1}} {
		if _, err := a.DB.Work(ctx, o); err != nil {
			return err
		}
		if err := a.Commit(ctx, 1); err != nil {
			return err
		}
	}
	return nil
}

func readyToCheckpoint(ctx context.Context, a *Actor) error {
	if err := readyToFlush(ctx, a); err != nil {
		return err
	}
	return a.DB.Flush(ctx)
}

// doCheckpoint writes both meta pages, and begins the log again.
func doCheckpoint(ctx context.Context, a *Actor) error {
	for range 3 {
		if _, err := a.DB.Checkpoint(ctx); err != nil {
			return err
		}
		if err := a.Commit(ctx, 1); err != nil {
			return err
		}
		if err := a.DB.Flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

func doOptimize(ctx context.Context, a *Actor) error {
	if err := a.alone(false); err != nil {
		return err
	}
	if err := a.DB.Optimize(ctx); err != nil {
		return err
	}
	return a.Commit(ctx, 1)
}

// Replaces reports whether a copy of the trial replaces another one.
func (t *Trial) Replaces() bool { return t.Number/2%2 == 0 }

// readyToCopy makes the copy that is replaced.
func readyToCopy(ctx context.Context, a *Actor) error {
	if a.Trial.Replaces() {
		if err := a.DB.Backup(ctx, a.Copy(), engine.BackupOptions{}); err != nil {
			return err
		}
	}
	return a.Commit(ctx, 2)
}

func doBackup(ctx context.Context, a *Actor) error {
	return a.DB.Backup(ctx, a.Copy(), engine.BackupOptions{Replace: a.Trial.Replaces()})
}

func doCopy(ctx context.Context, a *Actor) error {
	return a.DB.CopyCheckpoint(ctx, a.Copy(), engine.BackupOptions{Replace: a.Trial.Replaces()})
}

// doKeys adds a key and removes it. Which keys there are meanwhile is for the tests of keys; the one of the trial
// always is.
func doKeys(ctx context.Context, a *Actor) error {
	other := make([]byte, keys.Size)
	other[0] = 1
	id, err := a.DB.AddKey(ctx, keys.Raw(other))
	if err != nil {
		return err
	}
	if err := a.Commit(ctx, 1); err != nil {
		return err
	}
	if err := a.DB.RemoveKey(ctx, id); err != nil {
		return err
	}
	return a.Commit(ctx, 1)
}

func doClose(_ context.Context, a *Actor) error { return a.DB.Close() }

var errStale = errors.New("what has been committed is not seen by another process")

var errIncomplete = errors.New("not all that was there is in the new file")

// doRescue recovers what the process that was killed has left, as if it were damaged.
func doRescue(ctx context.Context, a *Actor) error {
	report, err := engine.Recover(ctx, a.Path, a.Copy(), engine.RecoverOptions{FS: a.FS, Key: a.Trial.opts.Key})
	if err == nil && !report.Complete() {
		return errIncomplete
	}
	return err
}

// doRead reads everything without the right to write.
func doRead(ctx context.Context, a *Actor) (err error) {
	o := a.Trial.Options(a.FS)
	o.ReadOnly, o.Readers = true, false
	db, err := engine.Open(ctx, a.Path, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.CopyCheckpointTo(ctx, io.Discard, engine.BackupOptions{}); err != nil && !errors.Is(err, engine.ErrReadOnly) {
		return err
	}
	return db.BackupTo(ctx, io.Discard, engine.BackupOptions{})
}

// doAttach reads what is being written, as another process would.
func doAttach(ctx context.Context, a *Actor) (err error) {
	o := a.Trial.Options(a.FS)
	o.ReadOnly, o.Readers = true, false
	db, err := engine.Open(ctx, a.Path, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := a.Commit(ctx, 2); err != nil {
		return err
	}
	if err := a.DB.Flush(ctx); err != nil {
		return err
	}
	if n, err := Last(db); err != nil || n != a.Last {
		return errors.Join(err, errStale)
	}
	if err := a.Commit(ctx, 1); err != nil {
		return err
	}
	s, err := enginetest.Engine(db).Snapshot(ctx)
	if err != nil {
		return err
	}
	_, err = enginetest.Find(s, []enginetest.Map{a.Trial.State(a.Last)})
	return errors.Join(err, s.Close())
}
