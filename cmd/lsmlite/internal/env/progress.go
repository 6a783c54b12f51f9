// SPDX-License-Identifier: Apache-2.0

package env

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

const (
	// ProgressAfter is how long work runs before its progress is shown.
	ProgressAfter = time.Second
	// ProgressLine is how often a line of progress is written where no bar can be drawn.
	ProgressLine = 5 * time.Second
)

// Unit says what a Progress counts.
type Unit int

// The units.
const (
	Rows Unit = iota
	Bytes
	// Measurements are few and long, so they have no rate.
	Measurements
)

// Progress shows how far long work is: nothing in its first second, then a bar with rate and
// remaining time on a terminal, or a line every five seconds elsewhere. It is written to
// standard error. Its methods may be called from any goroutine; those of a nil Progress do nothing.
type Progress struct {
	what  string
	unit  Unit
	begun time.Time
	out   io.Writer
	bar   bool

	mu            sync.Mutex
	done          int64
	total         int64
	ended         bool
	tracker       *progress.Tracker
	stop, stopped chan struct{}
}

// Progress begins to show the progress of what, of which total is the amount, or 0 if that is not
// known. The caller must call Done. It is nil with --quiet.
func (e *Env) Progress(what string, unit Unit, total int64) *Progress {
	if e.Quiet {
		return nil
	}
	p := &Progress{what: text.Name(what), unit: unit, total: total, begun: time.Now(), out: e.Stderr, bar: e.ErrTerminal(),
		stop: make(chan struct{}), stopped: make(chan struct{})}
	go p.run()
	return p
}

// Set says how much is done.
func (p *Progress) Set(done int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = done
	if p.tracker != nil {
		p.tracker.SetValue(done)
	}
}

// SetWhat says what is done now.
func (p *Progress) SetWhat(what string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what = text.Name(what)
	if p.tracker != nil {
		p.tracker.UpdateMessage(p.what)
	}
}

// Add says how much more is done.
func (p *Progress) Add(n int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	if p.tracker != nil {
		p.tracker.SetValue(p.done)
	}
}

// SetTotal says how much there is.
func (p *Progress) SetTotal(total int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total = total
	if p.tracker != nil {
		p.tracker.UpdateTotal(total)
	}
}

// Done ends the display. It may be called again.
func (p *Progress) Done() {
	if p == nil {
		return
	}
	p.mu.Lock()
	ended := p.ended
	p.ended = true
	p.mu.Unlock()
	if !ended {
		close(p.stop)
	}
	<-p.stopped
}

// run waits, and then shows the progress until Done.
func (p *Progress) run() {
	defer close(p.stopped)
	select {
	case <-p.stop:
		return
	case <-time.After(ProgressAfter):
	}
	if p.bar {
		p.draw()
	} else {
		p.lines()
	}
}

// lines writes a line now and then.
func (p *Progress) lines() {
	tick := time.NewTicker(ProgressLine)
	defer tick.Stop()
	for {
		p.mu.Lock()
		line := p.line()
		p.mu.Unlock()
		fmt.Fprintln(p.out, line)
		select {
		case <-p.stop:
			return
		case <-tick.C:
		}
	}
}

// line says in words how far the work is.
func (p *Progress) line() string {
	spent := time.Since(p.begun)
	rate := float64(p.done) / spent.Seconds()
	line := fmt.Sprintf("%s: %s", p.what, p.amount(p.done))
	if p.unit != Measurements {
		line += fmt.Sprintf(", %s/s", p.amount(int64(rate)))
	}
	if p.total > p.done && rate > 0 {
		left := time.Duration(float64(p.total-p.done) / rate * float64(time.Second))
		line += fmt.Sprintf(", %d%% of %s, %v left", p.done*100/p.total, p.amount(p.total), left.Round(time.Second))
	}
	return line
}

// amount renders n in the unit.
func (p *Progress) amount(n int64) string {
	switch p.unit {
	case Bytes:
		return progress.FormatBytes(n)
	case Measurements:
		if n == 1 {
			return "1 measurement"
		}
		return fmt.Sprintf("%d measurements", n)
	}
	return fmt.Sprintf("%d rows", n)
}

// draw shows a bar.
func (p *Progress) draw() {
	w := progress.NewWriter()
	w.SetOutputWriter(p.out)
	w.SetAutoStop(false)
	w.SetNumTrackersExpected(1)
	w.SetStyle(progress.StyleBlocks)
	w.Style().Visibility.ETA = true
	w.Style().Visibility.Speed = p.unit != Measurements
	w.SetUpdateFrequency(200 * time.Millisecond)
	units := progress.UnitsDefault
	if p.unit == Bytes {
		units = progress.UnitsBytes
	}
	p.mu.Lock()
	p.tracker = &progress.Tracker{Message: p.what, Total: p.total, Units: units}
	w.AppendTracker(p.tracker)
	p.tracker.SetValue(p.done)
	p.mu.Unlock()
	ended := make(chan struct{})
	go func() { defer close(ended); w.Render() }()
	<-p.stop
	p.tracker.MarkAsDone()
	w.Stop()
	<-ended
}
