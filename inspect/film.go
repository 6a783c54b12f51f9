// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/picture"
)

const (
	// FilmPeriod is how long a Film waits between two looks at least, and FilmFrames how many states
	// it keeps at most: when there are more, every other one is dropped, so that what stays is spread
	// over the whole time.
	FilmPeriod = 20 * time.Millisecond
	FilmFrames = picture.MaxFrames
	// filmShare is which part of the time may be spent with looks.
	filmShare = 20
)

// Film records how the structure of a database changes while it is written, and makes a page that
// plays it back: levels and merges, the map of the file, the log. It has no goroutine: it looks when
// a transaction has been committed, or a segment or a checkpoint written. Give its Observer to
// engine.Open or to lsmlite.Config, as that of a Recorder:
//
//	film := new(inspect.Film)
//	connector, err := lsmlite.NewConnector(lsmlite.Config{Path: "my.lsm", Observer: film.Observer()})
//	…
//	err = film.WritePage(file)
//
// A look takes about a millisecond, more for a file with a hundred thousand free blocks, and a
// twentieth of the time at most; it keeps up to 64 MiB of memory. The zero Film is ready for use, for
// one database.
type Film struct {
	film  picture.Recorder
	begun atomic.Int64 // in Unix nanoseconds; 0 before the first look
	due   atomic.Int64 // nanoseconds since then from which on a look is due
}

// Observer returns what reports events to the film; engine.JoinObservers joins it with others.
func (f *Film) Observer() *engine.Observer {
	return &engine.Observer{
		Opened: func(e engine.OpenEvent) {
			if e.DB != nil {
				f.look(e.DB)
			}
		},
		Committed:    func(e engine.CommitEvent) { f.look(e.DB) },
		Worked:       func(e engine.WorkEvent) { f.look(e.DB) },
		Flushed:      func(e engine.SegmentEvent) { f.look(e.DB) },
		Merged:       func(e engine.SegmentEvent) { f.look(e.DB) },
		Checkpointed: func(e engine.CheckpointEvent) { f.look(e.DB) },
	}
}

// look looks at the database if it is time. What cannot be seen, as while the database is closed, is
// left out.
func (f *Film) look(db *engine.DB) {
	now := time.Now()
	f.begun.CompareAndSwap(0, now.UnixNano())
	since, due := now.UnixNano()-f.begun.Load(), f.due.Load()
	if since < due || !f.due.CompareAndSwap(due, since+int64(FilmPeriod)) {
		return
	}
	_ = f.Look(context.Background(), db)
	if took := time.Since(now); took*filmShare > FilmPeriod {
		f.due.Store(since + int64(took*filmShare))
	}
}

// Look adds the state that the database has now, whether it is time or not.
func (f *Film) Look(ctx context.Context, db *engine.DB) error {
	l, err := db.Layout(ctx)
	if err != nil {
		return err
	}
	f.begun.CompareAndSwap(0, time.Now().UnixNano())
	f.film.Add(&l, time.Duration(time.Now().UnixNano()-f.begun.Load()))
	return nil
}

// Frames returns how many states are kept.
func (f *Film) Frames() int { return f.film.Len() }

// WritePage writes an HTML page that plays the film: one file, which needs no other and no server. It
// fails if nothing was recorded.
func (f *Film) WritePage(w io.Writer) error { return f.film.Page(w) }
