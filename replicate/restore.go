// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// RestoreOptions say which state is restored, and how. The zero value takes the newest state.
type RestoreOptions struct {
	// Generation and Seq name a transaction: its state is restored. Without Seq it is the newest of the generation,
	// without Generation the generation is the greatest that can be restored.
	Generation, Seq uint64
	// Time restores what was in the target at that moment, by the clock of the program that wrote it: the transactions
	// of all objects that had been cut by then. It excludes Seq.
	Time time.Time
	// Key is that of the objects.
	Key keys.Source
	// Engine are the options of the new database: its file system, page and block size, compression, and key. Others
	// have no effect.
	Engine engine.Options
	// Clear admits that what is encrypted in the target is restored into a file in clear. Without it, and without
	// Engine.Key, that is refused.
	Clear bool
	// Progress is called now and then by the goroutine that called. It may be nil.
	Progress func(RestoreProgress)
	// Damaged is called for damage that restoring could do without: of a snapshot, for which an older one with more
	// log takes its place. It may be nil.
	Damaged func(error)
}

// RestoreProgress is how far restoring has come.
type RestoreProgress struct {
	Rows         uint64 // of the snapshot
	RowsTotal    uint64
	Transactions uint64 // of the log
}

// Restored is what was restored.
type Restored struct {
	Generation, Seq uint64
	Time            time.Time // when the newest object of it was cut, or the snapshot was taken
	Snapshot        uint64    // the transaction of the snapshot that it began with
}

// Restore makes a new database of a state. The file is written under another name in the same folder and gets its own
// when it is whole and checked. A file of that name, or of its log, is refused: fs.ErrExist. Of what is damaged or
// missing the error names the object.
func Restore(ctx context.Context, t target.Target, path string, o RestoreOptions) (Restored, error) {
	if o.Seq != 0 && !o.Time.IsZero() {
		return Restored{}, fmt.Errorf("restore: both a transaction and a time: %w", ErrMisuse)
	}
	if o.Engine.FS == nil {
		o.Engine.FS = vfs.OS
	}
	if o.Damaged == nil {
		o.Damaged = func(error) {}
	}
	if o.Progress == nil {
		o.Progress = func(RestoreProgress) {}
	}
	for _, name := range []string{path, path + "-log"} {
		if _, err := o.Engine.FS.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			if err == nil {
				err = &fs.PathError{Op: "restore", Path: name, Err: fs.ErrExist}
			}
			return Restored{}, err
		}
	}
	h := history{t: newPatient(t, ReadAttempts, 0), key: o.Key}
	candidates, err := o.candidates(ctx, h)
	if err != nil {
		return Restored{}, err
	}
	var failed error
	for _, c := range candidates {
		if c.g.sealer != nil && o.Engine.Key == nil && !o.Clear {
			return Restored{}, fmt.Errorf("%s is encrypted, and the new file would not be: set Engine.Key, or Clear if that is wanted: %w", t, ErrKey)
		}
		temp := fmt.Sprintf("%s-restore-%08d", path, rand.N(100_000_000))
		r := restoring{o: o, c: c, path: path, temp: temp}
		done, err := r.run(ctx)
		var snap *snapshotError
		if !errors.As(err, &snap) || !errors.Is(err, ErrDamaged) {
			return done, err
		}
		o.Damaged(err) // an older snapshot, and the log after it, give the same state
		failed = errors.Join(failed, err)
	}
	return Restored{}, failed
}

// snapshotError is an error of the snapshot, not of what comes after it.
type snapshotError struct{ error }

func (e *snapshotError) Unwrap() error { return e.error }

// candidates returns the complete snapshots from which the state can be made, the best first: all of one generation.
func (o *RestoreOptions) candidates(ctx context.Context, h history) ([]complete, error) {
	list, err := h.generations(ctx)
	if err != nil {
		return nil, err
	}
	if o.Generation != 0 {
		if !slices.Contains(list, o.Generation) {
			return nil, fmt.Errorf("%s has no generation %d, but %d: %w", h.t, o.Generation, list, ErrNothing)
		}
		list = []uint64{o.Generation}
	}
	var oldest *complete
	var damage error
	for _, num := range slices.Backward(list) {
		g, err := h.open(ctx, num)
		if errors.Is(err, ErrDamaged) {
			o.Damaged(err)
			damage = errors.Join(damage, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		var found []complete
		_, err = g.newestSnapshot(ctx, func(c complete) bool {
			oldest = &c
			if (o.Seq == 0 || c.Pos.Seq <= o.Seq) && (o.Time.IsZero() || !c.Time.After(o.Time)) {
				found = append(found, c)
			}
			return len(found) > 2 // enough, unless all of them are damaged
		}, func(err error) { o.Damaged(err); damage = errors.Join(damage, err) })
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return found, nil
		}
	}
	err = fmt.Errorf("%s: %w", h.t, ErrNothing)
	if oldest != nil {
		err = fmt.Errorf("%w; the oldest complete one is of %s, transaction %d of generation %d", err,
			oldest.Time.Format(time.RFC3339), oldest.Pos.Seq, oldest.g.num)
	}
	return nil, errors.Join(err, damage)
}

// restoring is one attempt.
type restoring struct {
	o          RestoreOptions
	c          complete
	path, temp string
	progress   RestoreProgress
	done       Restored
}

// run makes the file: 1 the rows of the snapshot, 2 the log after it, 3 a check, 4 the name.
func (r *restoring) run(ctx context.Context) (done Restored, err error) {
	fsys := r.o.Engine.FS
	defer func() {
		if err != nil {
			done = Restored{}
			_ = fsys.Remove(r.temp)
			_ = fsys.Remove(r.temp + "-log")
		}
	}()
	r.done = Restored{Generation: r.c.g.num, Seq: r.c.Pos.Seq, Snapshot: r.c.Pos.Seq, Time: r.c.Time}
	r.progress.RowsTotal = r.c.Rows
	if err := r.rows(ctx); err != nil { // 1
		return done, &snapshotError{err}
	}
	if err := r.log(ctx); err != nil { // 2
		return done, err
	}
	if err := r.check(ctx); err != nil { // 3
		return done, err
	}
	if _, err := fsys.Stat(r.path); err == nil {
		return done, &fs.PathError{Op: "restore", Path: r.path, Err: fs.ErrExist}
	}
	if err := fsys.Rename(r.temp, r.path); err != nil { // 4
		return done, err
	}
	return r.done, fsys.SyncDir(r.path)
}

func (r *restoring) rows(ctx context.Context) error {
	b, err := engine.NewBuilder(r.temp, r.o.Engine)
	if err != nil {
		return err
	}
	defer b.Discard()
	for row, err := range r.c.rows(ctx) {
		if err != nil {
			return err
		}
		if err := b.Add(row.key, row.value); err != nil {
			return err
		}
		if r.progress.Rows++; r.progress.Rows%4096 == 0 {
			r.o.Progress(r.progress)
		}
	}
	return b.Finish(ctx)
}

// log applies what came after the snapshot.
func (r *restoring) log(ctx context.Context) (err error) {
	o := engine.Options{FS: r.o.Engine.FS, Key: r.o.Engine.Key, Compression: r.o.Engine.Compression, Codecs: r.o.Engine.Codecs,
		OptionalLocks: r.o.Engine.OptionalLocks, MustExist: true, NoLog: true, AutoFlush: restoreFlush}
	db, err := engine.Open(ctx, r.temp, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for l, err := range r.c.g.chain(ctx, r.c.Pos.Seq, r.c.Log) {
		if err != nil {
			return r.named(err)
		}
		if !r.o.Time.IsZero() && l.Time.After(r.o.Time) || r.o.Seq != 0 && l.First > r.o.Seq {
			break
		}
		last, err := apply(ctx, db, l, r.o.Seq, restoreCommit)
		if err != nil {
			return err
		}
		r.progress.Transactions += last - r.done.Seq
		r.done.Seq, r.done.Time = last, l.Time
		r.o.Progress(r.progress)
		if last == r.o.Seq {
			break // whatever is wrong with what comes after it
		}
	}
	if r.o.Seq != 0 && r.done.Seq != r.o.Seq {
		return fmt.Errorf("%s: generation %d ends with transaction %d, before %d: %w", r.c.g.h.t, r.done.Generation, r.done.Seq, r.o.Seq, ErrNothing)
	}
	return ctx.Err()
}

// check reads all of the file.
func (r *restoring) check(ctx context.Context) (err error) {
	o := engine.Options{FS: r.o.Engine.FS, Key: r.o.Engine.Key, Codecs: r.o.Engine.Codecs, OptionalLocks: r.o.Engine.OptionalLocks, ReadOnly: true}
	db, err := engine.Open(ctx, r.temp, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for p := range db.Check(ctx) {
		return fmt.Errorf("restore %s: what was written is not sound: %v", r.path, p)
	}
	return ctx.Err()
}

// named adds to the error of the log what can be restored without it.
func (r *restoring) named(err error) error {
	if !errors.Is(err, ErrDamaged) {
		return err
	}
	return fmt.Errorf("%w; what can be restored before it is transaction %d of generation %d", err, r.done.Seq, r.done.Generation)
}

// restoreFlush is how many bytes of changes are collected before they are written to the file. restoreCommit is how
// many bytes of a transaction of the log become one of the new file, which nobody sees before it is whole: a longer one
// is applied in several, so that it is never in memory as a whole.
const (
	restoreFlush  = 64 << 20
	restoreCommit = 32 << 20
)

// apply makes the transactions of a log object those of a database, up to transaction most if that is not 0, and
// returns the last one. They are one transaction, so that all are seen at once; or if cut is not 0, several, each of
// which ends with the operation that makes it as many bytes or more. What is wrong with the objects is a readError.
func apply(ctx context.Context, db *engine.DB, l *link, most uint64, cut int) (last uint64, err error) {
	ops, stop := l.ops(ctx)
	defer stop()
	last = l.First - 1
	goesOn := func() bool { return last < l.Last && (most == 0 || last < most) }
	for goesOn() && err == nil {
		n := 0
		err = db.Update(ctx, func(tx *engine.Tx) error {
			for goesOn() && (cut == 0 || n < cut) {
				op, err := ops.Next()
				if errors.Is(err, io.EOF) {
					err = fmt.Errorf("it ends before transaction %d does: %w", last+1, ErrDamaged)
				}
				if err == nil && op.Kind == object.OpEnd && op.Seq != last+1 {
					err = fmt.Errorf("transaction %d ends as %d: %w", last+1, op.Seq, ErrDamaged)
				}
				if err != nil {
					return &readError{fmt.Errorf("%s: %w", l.name, err)}
				}
				if err := applyOp(tx, op); err != nil {
					return fmt.Errorf("%s: %w", l.name, err)
				}
				n += len(op.Key) + len(op.Value)
				if op.Kind == object.OpEnd {
					last = op.Seq
				}
			}
			return nil
		})
		if err == nil && cut > 0 && n > restoreFlush { // a long value is in memory once, when the next one is read
			err = db.Flush(ctx)
		}
	}
	return last, err
}

// applyOp makes an operation one of a transaction.
func applyOp(tx *engine.Tx, op object.Op) error {
	switch op.Kind {
	case object.OpPut:
		return tx.Put(op.Key, op.Value)
	case object.OpDelete:
		return tx.Delete(op.Key)
	case object.OpDeleteRange:
		return tx.DeleteRange(op.Key, op.Value)
	}
	return nil
}
