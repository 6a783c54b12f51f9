// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"

	"github.com/lsmlite/lsmlite-go/engine"
)

// The results of lsm.h that no error of the engine stands for.
const (
	codeError   = 1
	codeNoEntry = 10 | 1<<8 // LSM_IOERR_NOENT
)

// lowByte is the part of an engine's code that C knows; the rest refines it.
const lowByte = 0xff

// oneKB is the unit of C's sizes.
const oneKB = 1024

// The parameters of lsm_config that can be set here.
const (
	configAutoFlush         = 1
	configPageSize          = 2
	configSafety            = 3
	configBlockSize         = 4
	configAutoWork          = 5
	configUseLog            = 8
	configAutoMerge         = 9
	configMaxFreelist       = 10
	configMultipleProcesses = 11
	configAutoCheckpoint    = 12
	configReadOnly          = 16
)

// seekLEFast is LSM_SEEK_LEFAST. It may find a deleted key in C; here it finds what LSM_SEEK_LE finds, which
// keeps its promise.
const seekLEFast = -2

// connection is what lsm_new makes. One call at a time may use it.
type connection struct {
	options engine.Options
	path    string
	db      *engine.DB // nil before lsm_open
	tx      *engine.Tx
	cursors int
	message string // of the last call that failed
}

// walk is a cursor of C's. Its bytes are those of the engine's cursor: they stay where they are until it moves.
type walk struct {
	of     *connection
	cursor *engine.Cursor
	fast   bool // the last seek was LSM_SEEK_LEFAST: the value may not be read
}

func misuse(format string, args ...any) error {
	return &engine.Error{Code: engine.CodeMisuse, Detail: fmt.Sprintf(format, args...)}
}

// result notes the message of an error and returns the code that C has for it.
func (c *connection) result(err error) int32 {
	if err == nil {
		return 0
	}
	c.message = err.Error()
	if e, ok := errors.AsType[*engine.Error](err); ok {
		if errors.Is(err, fs.ErrNotExist) && e.Code&lowByte == engine.CodeCantOpen {
			return codeNoEntry
		}
		return int32(e.Code & lowByte)
	}
	if errors.Is(err, engine.ErrCorrupt) {
		return int32(engine.CodeCorrupt)
	}
	return codeError
}

func (c *connection) open(path string) error {
	if c.db != nil {
		return misuse("lsm_open: %s is open already", c.path)
	}
	db, err := engine.Open(context.Background(), path, c.options)
	if err != nil {
		return err
	}
	c.db, c.path = db, path
	return nil
}

// close refuses, as C does, while a cursor or a transaction is open.
func (c *connection) close() error {
	if c.cursors > 0 || c.tx != nil {
		return misuse("lsm_close: %d cursors are open, transaction: %t", c.cursors, c.tx != nil)
	}
	if c.db == nil {
		return nil
	}
	return c.db.Close()
}

// opened is an error unless lsm_open has succeeded.
func (c *connection) opened() error {
	if c.db == nil {
		return misuse("lsm_open comes first")
	}
	return nil
}

// idle is opened, and refuses, as C does, what would wait for the transaction of the connection: nobody else could
// end it.
func (c *connection) idle(call string) error {
	if c.tx != nil {
		return misuse("%s: a transaction is open", call)
	}
	return c.opened()
}

// config sets a parameter and returns its value; a negative value only asks, as in C.
func (c *connection) config(which, value int32) (int32, error) {
	o := c.options
	if c.db != nil {
		o = c.db.Options()
	}
	p, err := parameterOf(which)
	if err != nil || value < 0 {
		if err != nil {
			return value, err
		}
		return p.get(&o), nil
	}
	if c.db != nil && p.early {
		return p.get(&o), misuse("lsm_config: parameter %d is for before lsm_open", which)
	}
	if c.db == nil {
		p.set(&c.options, value)
		return value, nil
	}
	err = c.db.Set(func(o *engine.Options) { p.set(o, value) })
	o = c.db.Options()
	return p.get(&o), err
}

// parameter is one of lsm_config's: its unit there, and where it is in Options.
type parameter struct {
	early bool // only before lsm_open
	get   func(*engine.Options) int32
	set   func(*engine.Options, int32)
}

// number is a parameter that is a number of units.
func number(field func(*engine.Options) *int, unit int) parameter {
	return parameter{
		get: func(o *engine.Options) int32 {
			full := *o
			if *field(&full) == 0 {
				def := engine.DefaultOptions()
				return int32(min(*field(&def)/unit, math.MaxInt32))
			}
			return int32(min(max(*field(o), 0)/unit, math.MaxInt32))
		},
		set: func(o *engine.Options, v int32) { *field(o) = int(v) * unit },
	}
}

// toggle is a parameter that is 0 or 1; not says that Options have the opposite.
func toggle(field func(*engine.Options) *bool, not bool) parameter {
	return parameter{
		get: func(o *engine.Options) int32 {
			if *field(o) != not {
				return 1
			}
			return 0
		},
		set: func(o *engine.Options, v int32) { *field(o) = (v != 0) != not },
	}
}

func (p parameter) beforeOpen() parameter { p.early = true; return p }

func parameterOf(which int32) (parameter, error) {
	switch which {
	case configAutoFlush:
		return number(func(o *engine.Options) *int { return &o.AutoFlush }, oneKB), nil
	case configPageSize:
		return number(func(o *engine.Options) *int { return &o.PageSize }, 1).beforeOpen(), nil
	case configBlockSize:
		return number(func(o *engine.Options) *int { return &o.BlockSize }, oneKB).beforeOpen(), nil
	case configSafety:
		return parameter{
			get: func(o *engine.Options) int32 {
				if o.Safety == engine.SafetyDefault {
					return int32(engine.SafetyNormal - engine.SafetyOff)
				}
				return int32(o.Safety - engine.SafetyOff)
			},
			set: func(o *engine.Options, v int32) { o.Safety = engine.SafetyOff + engine.Safety(min(v, math.MaxUint8-1)) },
		}, nil
	case configAutoWork:
		return toggle(func(o *engine.Options) *bool { return &o.NoAutoWork }, true), nil
	case configUseLog:
		return toggle(func(o *engine.Options) *bool { return &o.NoLog }, true), nil
	case configAutoMerge:
		return number(func(o *engine.Options) *int { return &o.AutoMerge }, 1), nil
	case configMaxFreelist:
		return number(func(o *engine.Options) *int { return &o.MaxFreelist }, 1), nil
	case configMultipleProcesses:
		return toggle(func(o *engine.Options) *bool { return &o.OptionalLocks }, true).beforeOpen(), nil
	case configAutoCheckpoint:
		p := number(func(o *engine.Options) *int { return &o.AutoCheckpoint }, oneKB)
		set := p.set
		p.set = func(o *engine.Options, v int32) {
			if set(o, v); v == 0 {
				o.AutoCheckpoint = -1 // 0 is never in C, and the default here
			}
		}
		return p, nil
	case configReadOnly:
		return toggle(func(o *engine.Options) *bool { return &o.ReadOnly }, false).beforeOpen(), nil
	}
	return parameter{}, misuse("lsm_config: no parameter %d here", which)
}

// write calls do in the open transaction, or in one of its own.
func (c *connection) write(do func(*engine.Tx) error) error {
	if err := c.opened(); err != nil {
		return err
	}
	if c.tx != nil {
		return do(c.tx)
	}
	return c.db.Update(context.Background(), do)
}

// begin makes sure that at least level transactions are open; a negative level is one more than there are.
func (c *connection) begin(level int32) error {
	if err := c.opened(); err != nil {
		return err
	}
	want := c.levels() + 1
	if level >= 0 {
		want = int(level)
	}
	if want > maxLevel {
		return misuse("lsm_begin: level %d; the most is %d", want, maxLevel)
	}
	for c.levels() < want {
		if c.tx == nil {
			tx, err := c.db.Begin(context.Background())
			if err != nil {
				return err
			}
			c.tx = tx
			continue
		}
		if _, err := c.tx.Begin(); err != nil {
			return err
		}
	}
	return nil
}

// maxLevel is how many transactions may be nested: each takes memory.
const maxLevel = 10_000

func (c *connection) levels() int {
	if c.tx == nil {
		return 0
	}
	return c.tx.Level()
}

// commit makes sure that at most level transactions are open; a negative level is one less than there are.
func (c *connection) commit(level int32) error {
	if err := c.opened(); err != nil {
		return err
	}
	want := max(c.levels()-1, 0)
	if level >= 0 {
		want = int(level)
	}
	switch {
	case c.tx == nil || want >= c.levels():
		return nil
	case want > 0:
		return c.tx.CommitTo(want)
	}
	tx := c.tx
	c.tx = nil
	return tx.Commit(context.Background())
}

// rollback undoes what was written since level was opened and keeps that one open; 0 ends all. A negative level is
// one less than there are.
func (c *connection) rollback(level int32) error {
	if err := c.opened(); err != nil {
		return err
	}
	want := max(c.levels()-1, 0)
	if level >= 0 {
		want = int(level)
	}
	switch {
	case c.tx == nil || want > c.levels():
		return nil
	case want > 0:
		return c.tx.RollbackTo(want)
	}
	tx := c.tx
	c.tx = nil
	return tx.Rollback()
}

// work merges segments. C's amount is in KB, and negative for no limit.
func (c *connection) work(merge, kb int32) (written int32, err error) {
	if err := c.idle("lsm_work"); err != nil {
		return 0, err
	}
	o := engine.WorkOptions{Merge: int(max(merge, 0))}
	pageSize := c.db.Options().PageSize
	if kb > 0 {
		o.Pages = max(int(kb)*oneKB/pageSize, 1)
	} else if kb == 0 {
		return 0, nil
	}
	p, err := c.db.Work(context.Background(), o)
	return int32(min(p.PagesWritten*int64(pageSize)/oneKB, math.MaxInt32)), err
}

func (c *connection) flush() error {
	if err := c.idle("lsm_flush"); err != nil {
		return err
	}
	return c.db.Flush(context.Background())
}

func (c *connection) checkpoint() (kb int32, err error) {
	if err := c.opened(); err != nil {
		return 0, err
	}
	size := c.db.CheckpointSize()
	if _, err := c.db.Checkpoint(context.Background()); err != nil {
		return 0, err
	}
	return int32(min(size/oneKB, math.MaxInt32)), nil
}

// walk opens a cursor: on what the transaction sees if one is open, or on the newest commit.
func (c *connection) walk() (*walk, error) {
	if err := c.opened(); err != nil {
		return nil, err
	}
	var cursor *engine.Cursor
	var err error
	if c.tx != nil {
		cursor, err = c.tx.Cursor()
	} else {
		cursor, err = c.db.Cursor(context.Background())
	}
	if err != nil {
		return nil, err
	}
	c.cursors++
	return &walk{of: c, cursor: cursor}, nil
}

func (w *walk) close() error {
	w.of.cursors--
	return w.cursor.Close()
}

func (w *walk) seek(key []byte, mode int32) error {
	w.fast = mode == seekLEFast
	switch mode {
	case seekLEFast, -1:
		w.cursor.Seek(key, engine.SeekLE)
	case 0:
		w.cursor.Seek(key, engine.SeekEQ)
	case 1:
		w.cursor.Seek(key, engine.SeekGE)
	default:
		return misuse("lsm_csr_seek: mode %d; want -2 to 1", mode)
	}
	return w.cursor.Err()
}

func (w *walk) move(step func() bool) error {
	w.fast = false
	step()
	return w.cursor.Err()
}

func (w *walk) key() ([]byte, error) {
	if !w.cursor.Valid() {
		return nil, misuse("the cursor stands on no key")
	}
	return w.cursor.Key(), nil
}

func (w *walk) value() ([]byte, error) {
	if !w.cursor.Valid() {
		return nil, misuse("the cursor stands on no key")
	}
	if w.fast {
		return nil, misuse("lsm_csr_value: after LSM_SEEK_LEFAST there is no value")
	}
	return w.cursor.Value()
}
