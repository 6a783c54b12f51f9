// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// The defaults of FollowOptions.
const (
	DefaultPoll          = time.Second
	DefaultMaxDifference = 256 << 20
)

// SlowLook is how long a follower may look for something new before its status counts that as a failure.
const SlowLook = 10 * time.Second

// FollowOptions say how a database is followed.
type FollowOptions struct {
	// Poll is how often the follower looks for something new.
	Poll time.Duration
	// Key is that of the objects.
	Key keys.Source
	// Engine are the options of the replica. Safety is always full: what was applied stays.
	Engine engine.Options
	// Clear admits a replica in clear of what is encrypted in the target.
	Clear bool
	// MaxDifference bounds the bytes of rows that are changed at once where the replica has to jump to a snapshot:
	// when a new generation begins, or when the log that it needs has been removed. They are in memory. Beyond it,
	// the replica must be made again.
	MaxDifference int64
	// RequestTimeout is how long a request may take before it is sent again; 0 is DefaultRequestTimeout.
	RequestTimeout time.Duration
	// Logger gets jumps and verified states at Info, failures at Warn, the end by an error at Error.
	Logger *slog.Logger

	steps func(string) // for tests
	pause time.Duration
	slow  time.Duration // SlowLook, but in tests
}

// FollowStatus is how far a follower has come.
type FollowStatus struct {
	Target              string
	Generation, Applied uint64
	AppliedAt           time.Time // when the newest object that was applied was cut
	// LookedAt is when all that was in the target had been applied.
	LookedAt time.Time
	// Lag is 0 while all was applied at the last look. While there is more to apply it is the age of what was applied;
	// while looking fails, or takes longer than SlowLook, or has ended, the time since LookedAt: what there is more, is
	// not known then. Bytes are those of the log object that is being applied, of all its parts.
	Lag   time.Duration
	Bytes int64
	// Verified is the newest transaction after which the rows of the replica were compared with a snapshot.
	Verified    uint64
	Jumps       int64 // to snapshots
	Failures    int64
	LastFailure string
	Err         error // why it has ended
}

// Follower keeps a replica up to date.
type Follower struct {
	t      *patient
	h      history
	path   string
	o      FollowOptions
	db     *engine.DB
	state  replicaState
	g      *generation
	verify verification
	idled  int // looks that found nothing to compare
	cancel context.CancelFunc
	done   chan struct{}
	looks  chan chan error

	mu      sync.Mutex
	status  FollowStatus
	more    bool      // there is more to apply
	failing bool      // the last attempt at something failed
	looking time.Time // when the look began that is under way
}

// Follow opens the replica at path, or makes one of the newest snapshot, and keeps it up to date until Close. All
// that it shows is a state that the database had. Nothing else may write to the replica. If the target has no complete
// snapshot yet, the error is ErrNothing.
func Follow(ctx context.Context, t target.Target, path string, o FollowOptions) (*Follower, error) {
	if o.Poll < 0 || o.MaxDifference < 0 {
		return nil, fmt.Errorf("options: Poll is %v, MaxDifference is %d; want no negative numbers: %w", o.Poll, o.MaxDifference, ErrMisuse)
	}
	if o.Poll == 0 {
		o.Poll = DefaultPoll
	}
	if o.MaxDifference == 0 {
		o.MaxDifference = DefaultMaxDifference
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.slow == 0 {
		o.slow = SlowLook
	}
	if o.steps == nil {
		o.steps = func(string) {}
	}
	if o.Engine.FS == nil {
		o.Engine.FS = vfs.OS
	}
	o.Engine.Safety, o.Engine.NoLog, o.Engine.ReadOnly, o.Engine.MustExist = engine.SafetyFull, false, false, true
	f := &Follower{path: path, o: o, done: make(chan struct{}), looks: make(chan chan error)}
	f.t = newPatient(t, ReadAttempts, o.RequestTimeout)
	if o.pause != 0 {
		f.t.pause = o.pause
	}
	f.t.failed = f.failed
	f.h = history{t: f.t, key: o.Key}
	f.status.Target, f.status.LookedAt = t.String(), time.Now()
	if err := f.open(ctx); err != nil {
		return nil, err
	}
	ctx, f.cancel = context.WithCancel(context.Background())
	go f.run(ctx)
	return f, nil
}

// DB is the replica, to read from. It stays open until Close.
func (f *Follower) DB() *engine.DB { return f.db }

// Status returns how far it has come.
func (f *Follower) Status() FollowStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.status
	if f.more {
		s.Lag = max(0, time.Since(s.AppliedAt))
	}
	if slow := !f.looking.IsZero() && time.Since(f.looking) > f.o.slow; slow || f.failing || s.Err != nil {
		s.Lag = max(s.Lag, time.Since(s.LookedAt))
	}
	return s
}

// Done is closed when following has ended; Status has the reason.
func (f *Follower) Done() <-chan struct{} { return f.done }

// CatchUp looks for something new, and returns when all that is in the target has been applied.
func (f *Follower) CatchUp(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case f.looks <- answer:
	case <-ctx.Done():
		return ctx.Err()
	case <-f.done:
		return f.Status().Err
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends following and closes the replica. If that is in use it fails with engine.ErrBusy, and may be called
// again.
func (f *Follower) Close() error {
	f.cancel()
	<-f.done
	return f.db.Close()
}

func (f *Follower) set(change func(*FollowStatus)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.status)
}

func (f *Follower) failed(err error) {
	f.set(func(s *FollowStatus) { s.Failures, s.LastFailure, f.failing = s.Failures+1, err.Error(), true })
	f.o.Logger.Warn("follow: an attempt failed", "target", f.t.String(), "error", err)
}

// open opens the replica, or makes one. The state file comes first: so a replica is never without one.
func (f *Follower) open(ctx context.Context) error {
	fsys := f.o.Engine.FS
	state, err := readReplicaState(fsys, f.path)
	_, missing := fsys.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && missing == nil:
		return fmt.Errorf("%s exists and is no replica, because there is no %s: %w", f.path, replicaFile(f.path), fs.ErrExist)
	case errors.Is(err, fs.ErrNotExist):
		state = replicaState{Snapshot: true}
		err = nil
	}
	if err != nil {
		return err
	}
	f.state = state
	if errors.Is(missing, fs.ErrNotExist) {
		if !state.Snapshot { // the replica was removed
			f.state = replicaState{Snapshot: true}
		}
		if err := f.build(ctx); err != nil {
			return err
		}
	}
	if f.db, err = engine.Open(ctx, f.path, f.o.Engine); err != nil {
		return err
	}
	if f.state.Snapshot {
		err = f.jump(ctx)
	} else {
		f.g, err = f.h.open(ctx, f.state.Generation)
		if errors.Is(err, ErrDamaged) { // it may have been removed, after a greater one had begun
			err = f.jump(ctx)
		}
	}
	if err == nil {
		err = f.allowed(f.g)
	}
	if err != nil {
		return errors.Join(err, f.db.Close())
	}
	f.shown(f.g.base.Time)
	return nil
}

// allowed refuses a replica in clear of what is encrypted.
func (f *Follower) allowed(g *generation) error {
	if g.sealer != nil && f.o.Engine.Key == nil && !f.o.Clear {
		return fmt.Errorf("%s is encrypted, and the replica would not be: set Engine.Key, or Clear if that is wanted: %w", f.t, ErrKey)
	}
	return nil
}

// shown puts the state into the status.
func (f *Follower) shown(at time.Time) {
	f.set(func(s *FollowStatus) { s.Generation, s.Applied, s.AppliedAt = f.state.Generation, f.state.Applied, at })
}

// newest returns the snapshot that a follower begins with.
func (f *Follower) newest(ctx context.Context) (*complete, error) {
	list, err := f.h.generations(ctx)
	if err != nil {
		return nil, err
	}
	var damage error
	c, err := f.h.newestSnapshot(ctx, list, func(complete) bool { return true }, func(err error) { damage = errors.Join(damage, err) })
	if err == nil && c == nil {
		err = errors.Join(fmt.Errorf("%s: %w", f.t, ErrNothing), damage)
	}
	if err == nil {
		err = f.allowed(c.g)
	}
	return c, err
}

// build makes the file of a new replica, which is a snapshot.
func (f *Follower) build(ctx context.Context) error {
	c, err := f.newest(ctx)
	if err != nil {
		return err
	}
	if err := f.state.write(f.o.Engine.FS, f.path); err != nil {
		return err
	}
	f.o.steps("build")
	b, err := engine.NewBuilder(f.path, f.o.Engine)
	if err != nil {
		return err
	}
	defer b.Discard()
	for row, err := range c.rows(ctx) {
		if err != nil {
			return err
		}
		if err := b.Add(row.key, row.value); err != nil {
			return err
		}
	}
	if err := b.Finish(ctx); err != nil {
		return err
	}
	f.o.steps("built")
	return f.landed(c)
}

// landed notes that the replica has the state of a snapshot.
func (f *Follower) landed(c *complete) error {
	f.g = c.g
	f.state = replicaState{Generation: c.g.num, Applied: c.Pos.Seq, Intended: c.Pos.Seq, Prev: c.Log}
	if err := f.state.write(f.o.Engine.FS, f.path); err != nil {
		return err
	}
	f.shown(c.Time)
	f.set(func(s *FollowStatus) { s.Verified, s.Jumps = c.Pos.Seq, s.Jumps+1 })
	f.o.Logger.Info("follow: the replica has the state of a snapshot", "target", f.t.String(), "generation", c.g.num, "transaction", c.Pos.Seq)
	return nil
}

// jump gives the replica the state of the newest snapshot, in one transaction of the differences.
func (f *Follower) jump(ctx context.Context) error {
	c, err := f.newest(ctx)
	if err != nil {
		return err
	}
	state := f.state
	state.Snapshot = true
	if err := state.write(f.o.Engine.FS, f.path); err != nil {
		return err
	}
	f.state = state
	f.o.steps("jump")
	if err := converge(ctx, f.db, c, f.o.MaxDifference); err != nil {
		return err
	}
	f.o.steps("jumped")
	return f.landed(c)
}

// run looks for something new until the follower is closed, or until an error stays.
func (f *Follower) run(ctx context.Context) {
	defer close(f.done)
	defer f.verify.end()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var answer chan error
		select {
		case <-timer.C:
		case answer = <-f.looks:
		case <-ctx.Done():
			f.set(func(s *FollowStatus) { s.Err = ErrStopped })
			return
		}
		f.set(func(*FollowStatus) { f.looking = time.Now() })
		err := f.look(ctx)
		f.looked(err)
		if answer != nil {
			answer <- err
		}
		switch {
		case err == nil || ctx.Err() != nil:
		case hopeless(err), errors.Is(err, ErrDiverged), errors.Is(err, errLocal):
			f.set(func(s *FollowStatus) { s.Err = err })
			f.o.Logger.Error("follow: it has ended", "target", f.t.String(), "error", err)
			return
		default:
			f.failed(err)
		}
		timer.Reset(f.o.Poll)
	}
}

// looked notes how a look has ended.
func (f *Follower) looked(err error) {
	f.set(func(s *FollowStatus) {
		f.looking = time.Time{}
		if err == nil {
			f.more, f.failing, s.Bytes, s.LookedAt = false, false, 0, time.Now()
		}
	})
}

// errLocal marks an error of the replica, which another attempt would not repair.
var errLocal = errors.New("the replica cannot be written")

// look applies all that is new.
func (f *Follower) look(ctx context.Context) error {
	if f.state.Snapshot { // an attempt to jump has failed
		if err := f.jump(ctx); err != nil {
			return err
		}
	}
	err := f.extend(ctx)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return err
	}
	// A greater generation takes the place of this one when it has a snapshot; a later snapshot of this one leads past
	// what is damaged, or was removed.
	jumps, checkErr := f.jumps(ctx, err != nil)
	if checkErr != nil {
		return errors.Join(err, checkErr)
	}
	if jumps {
		if err := f.jump(ctx); err != nil {
			return err
		}
		return f.extend(ctx)
	}
	if err != nil {
		return err
	}
	return f.verified(ctx)
}

// jumps reports whether the newest snapshot is one to jump to. A greater generation is looked for by a list: the one
// right after this one may have been removed as outdated while another is there.
func (f *Follower) jumps(ctx context.Context, stuck bool) (bool, error) {
	list, err := f.h.generationsAfter(ctx, f.g.num)
	if err != nil {
		return false, err
	}
	if stuck {
		list = append([]uint64{f.g.num}, list...)
	}
	c, err := f.h.newestSnapshot(ctx, list, func(complete) bool { return true }, f.failed)
	if c == nil || err != nil {
		return false, err
	}
	return c.g.num > f.state.Generation || c.Pos.Seq > f.state.Applied, nil
}

// extend applies the log objects after what was applied. Each of them is one transaction of the replica.
func (f *Follower) extend(ctx context.Context) error {
	from := f.state.Applied
	for l, err := range f.g.chain(ctx, f.state.Applied, f.state.Prev) {
		if err != nil {
			return err
		}
		f.mu.Lock()
		f.more = true
		f.status.Bytes = l.size
		f.mu.Unlock()
		f.state.Intended = l.Last
		if err := f.state.write(f.o.Engine.FS, f.path); err != nil {
			return fmt.Errorf("%w: %w", errLocal, err)
		}
		f.o.steps("apply")
		if _, err := apply(ctx, f.db, l, 0, 0); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			var read *readError
			if errors.As(err, &read) {
				return err
			}
			return fmt.Errorf("%w: %w", errLocal, err)
		}
		f.o.steps("applied")
		f.state.Applied, f.state.Prev = l.Last, l.digest
		f.shown(l.Time)
		if l.Mark {
			f.verify.begin(ctx, f.db, f.state)
		}
	}
	if f.state.Applied == from {
		return nil
	}
	if err := f.state.write(f.o.Engine.FS, f.path); err != nil {
		return fmt.Errorf("%w: %w", errLocal, err)
	}
	return nil
}
