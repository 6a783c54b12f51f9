// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// changeable reports whether Set changes a field of Options. Every other one is fixed by Open.
func changeable(f reflect.StructField) bool { return f.Tag.Get("change") != "" }

// settings are the options of an open database.
type settings struct {
	// Options are those it was opened with. Only what is fixed is read here; what is
	// changeable is read by now.
	Options
	current  atomic.Pointer[Options]
	changing sync.Mutex // held to replace current; a leaf
}

// now returns the current options, which must not be changed. MaxLog is 0 there while it
// follows AutoFlush: see logLimit. NoLog changes with the writer's turn only.
func (s *settings) now() *Options { return s.current.Load() }

// publishOptions makes o the options that hold from now on. The caller opens the database, or
// has the mutex of changes.
func (db *DB) publishOptions(o Options) {
	db.opts.current.Store(&o)
	v := tuning.Values{
		AutoFlush: int64(o.AutoFlush), AutoCheckpoint: int64(o.AutoCheckpoint), MaxLog: db.opts.logLimit(), Changes: o.Changes,
		AutoMerge: o.AutoMerge, MaxGarbage: o.MaxGarbage, MaxFreelist: o.MaxFreelist, AutoWork: !o.NoAutoWork, Log: !o.NoLog,
	}
	switch o.Safety {
	case SafetyNormal:
		v.Sync = tuning.Checkpoints
	case SafetyFull:
		v.Sync = tuning.Commits
	}
	db.tuning.Store(v)
}

// logLimit returns the current MaxLog, negative if there is no bound.
func (s *settings) logLimit() int64 {
	o := s.now()
	if o.MaxLog != 0 {
		return int64(o.MaxLog)
	}
	return max(DefaultMaxLogFactor*int64(o.AutoFlush), MinDefaultMaxLog)
}

// Options returns the current options, with the page and block size of the file and with
// the bound of the log that MaxLog comes to.
func (db *DB) Options() Options {
	o := *db.opts.now()
	o.ReadOnly, o.Compression = db.readOnly(), db.Compression()
	o.MaxLog = int(db.opts.logLimit())
	return o
}

// Set changes options while the database is open. change is called once, with the current
// options, and alters some of them; MaxLog is 0 there while it follows AutoFlush, and a field
// that change sets to 0 gets its default. Either all changes are made or, if Set fails, none.
//
// The fields of Options with the tag change can be changed. They hold from the next commit on.
// Set fails with ErrMisuse for any other field, for values that Open would refuse, and on a
// closed database, and with ErrReadOnly on a handle that shares the database of one that writes.
//
// Two changes need the writer's turn and fail at once with ErrBusy while a write transaction is
// open:
//
//   - Safety from SafetyOff up: everything that was written without it is synced before Set
//     returns.
//   - NoLog, either way. Before the first commit is logged again, everything that was
//     committed without a log is flushed and made durable by a checkpoint: a log that leaves
//     something out must not be replayed.
//
// Set may be called from any goroutine; changes of different options by several calls at once
// are all made.
func (db *DB) Set(change func(*Options)) error {
	const op = "set"
	if err := db.usable(op); err != nil {
		return err
	}
	if db.view != nil {
		return &Error{Code: CodeReadOnly, Op: op, Path: db.path,
			Detail: "the handle is read-only, and the settings are those of the handle that writes"}
	}
	was := *db.opts.now()
	wanted := was
	change(&wanted)
	c := settingsChange{was, wanted}
	if name := c.fixed(); name != "" {
		return &Error{Code: CodeMisuse, Op: op, Path: db.path, Detail: name + " cannot be changed while the database is open"}
	}
	if needs, err := db.replaceOptions(c, noTurn); err != nil || needs == noTurn {
		return err
	}
	return db.setWithTurn(op, c)
}

// settingsChange is what a call of Set changes: the fields in which the two differ.
type settingsChange struct{ was, wanted Options }

// fixed returns the first field that differs although it cannot be changed.
func (c *settingsChange) fixed() string {
	was, wanted := reflect.ValueOf(&c.was).Elem(), reflect.ValueOf(&c.wanted).Elem()
	for i := range was.NumField() {
		f := was.Type().Field(i)
		if !changeable(f) && !same(was.Field(i), wanted.Field(i)) {
			return f.Name
		}
	}
	return ""
}

// same reports whether a field has the same value twice. What Go cannot compare, such as
// an FS that is a struct with a map, counts as the same if it is of the same type.
func same(a, b reflect.Value) bool {
	switch {
	case a.Kind() == reflect.Slice:
		return a.Len() == b.Len() && a.Pointer() == b.Pointer()
	case a.Comparable() && b.Comparable():
		return a.Equal(b)
	}
	return a.Kind() == reflect.Interface && !a.IsNil() && !b.IsNil() && a.Elem().Type() == b.Elem().Type()
}

// onto returns o with the change made.
func (c *settingsChange) onto(o Options) (Options, error) {
	was, wanted, made := reflect.ValueOf(&c.was).Elem(), reflect.ValueOf(&c.wanted).Elem(), reflect.ValueOf(&o).Elem()
	for i := range was.NumField() {
		if changeable(was.Type().Field(i)) && !wanted.Field(i).Equal(was.Field(i)) {
			made.Field(i).Set(wanted.Field(i))
		}
	}
	if err := o.Validate(); err != nil {
		return o, err
	}
	return o.withDefaults(), nil
}

// turns are what a change of the options needs, or what its caller has.
type turns uint8

const (
	noTurn     turns = iota
	writerTurn       // of the writer: nothing is committed meanwhile
	bothTurns        // of the worker too
)

// replaceOptions makes a change on top of what others have changed since it was requested, if
// the caller has the turns that this needs, which are returned. Otherwise it changes nothing.
func (db *DB) replaceOptions(c settingsChange, has turns) (needs turns, err error) {
	db.opts.changing.Lock()
	defer db.opts.changing.Unlock()
	was := db.opts.now()
	o, err := c.onto(*was)
	if err != nil {
		return noTurn, err
	}
	switch {
	case was.Safety == SafetyOff && o.Safety != SafetyOff && !db.readOnly():
		needs = bothTurns
	case was.NoLog != o.NoLog:
		needs = writerTurn
	}
	if needs <= has {
		db.publishOptions(o)
	}
	return needs, nil
}

// setWithTurn is Set for changes that need the writer's turn:
//
//  1. When logging begins, everything is flushed and a checkpoint is made.
//  2. The options are replaced. This is before the sync: a commit or checkpoint that comes
//     between is synced by itself.
//  3. When syncing begins, everything is synced. If that fails, the change is undone, so that
//     the next attempt syncs again.
func (db *DB) setWithTurn(op string, c settingsChange) error {
	if err := db.writable(op); err != nil {
		return err
	}
	if !db.writer.Turn.Try() {
		return &Error{Code: CodeBusy, Op: op, Path: db.path, Detail: "a write transaction is open; end it first"}
	}
	defer db.writer.Turn.Release()
	o, err := c.onto(*db.opts.now())
	if err != nil {
		return err
	}
	ctx := context.Background()
	if db.opts.now().NoLog && !o.NoLog { // 1.
		if err := db.storeAll(ctx, op); err != nil {
			return err
		}
		db.writer.Log().Resume(db.ledger.Newest().Disk.Log)
	}
	if needs, err := db.replaceOptions(c, writerTurn); err != nil || needs <= writerTurn { // 2.
		return err
	}
	if err := db.worker.Take(ctx, op); err != nil {
		return err
	}
	defer db.worker.Turn.Release()
	needs, err := db.replaceOptions(c, bothTurns) // 2.
	if err != nil || needs <= writerTurn {
		return err
	}
	if err := db.syncAll(ctx); err != nil { // 3.
		_, _ = db.replaceOptions(settingsChange{c.wanted, c.was}, bothTurns)
		return err
	}
	return nil
}

// storeAll brings everything that was committed into a checkpoint. The caller has the
// writer's turn.
func (db *DB) storeAll(ctx context.Context, op string) error {
	if err := db.worker.Take(ctx, op); err != nil {
		return err
	}
	err := db.writer.FlushAll(ctx)
	db.worker.Turn.Release()
	if err == nil {
		_, err = db.worker.Checkpoint(ctx, op)
	}
	return err
}

// syncAll syncs what was written without syncs. The caller has both turns.
func (db *DB) syncAll(ctx context.Context) error {
	if err := db.worker.RewriteSuspect(ctx); err != nil {
		return err
	}
	err := syncPages(db)
	if err == nil {
		err = db.files.SyncLog()
	}
	if err != nil {
		return db.poison(err)
	}
	return nil
}
