// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/internal/campaign"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// shares is into how many units the calls of one phase of one database are divided.
const shares = 8

// TestKills kills processes before, within and after every call of the file system that they make in a phase of the
// life of a database. Nothing may be lost that they have said to be committed, whatever the safety level.
func TestKills(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Skip("no way to start this program once more: ", err)
	}
	folder := memoryFolder(t)
	campaign.Run(t, campaign.Campaign{
		Name: "kills", Cases: "kills", Goal: 10_000, Brief: 2 * len(sim.Phases), CPU: 8 * time.Second, Marks: killMarks,
		Unit: func(unit uint64, tally *campaign.Tally) error {
			u := newKillUnit(unit, tally)
			u.self = self
			dir, err := os.MkdirTemp(folder, "unit")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			u.path = filepath.Join(dir, "db")
			if u.path, err = vfs.OS.Canonical(u.path); err != nil {
				return err
			}
			if err := u.run(); err != nil {
				return fmt.Errorf("%s of %v, from %s: %w", u.Name, u.trial, u.Found, err)
			}
			return nil
		},
	})
}

// memoryFolder returns a folder for the time of the test, in memory if there is such a file system: a process that is
// killed does not lose what it has written, wherever that is.
func memoryFolder(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "lsmlite-kills")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// newKillUnit makes the unit of that number. Phases come in turn; of each, databases that make all kinds of calls
// alternate with others.
func newKillUnit(unit uint64, tally *campaign.Tally) *killUnit {
	i, rest := int(unit%uint64(len(sim.Phases))), unit/uint64(len(sim.Phases))
	round, share := rest/(2*shares)*2+rest%2, rest/2%shares
	u := &killUnit{phase: i, Phase: &sim.Phases[i], share: int(share), tally: tally, number: round*13 + uint64(i)}
	u.needs = sim.TrialNeeds{Encrypted: u.Encrypted, Everything: round%2 == 0}
	u.trial = sim.NewTrial(u.number, u.needs)
	return u
}

// killUnit kills processes in one phase of one database.
type killUnit struct {
	*sim.Phase
	self   string
	phase  int
	share  int
	number uint64
	needs  sim.TrialNeeds
	trial  *sim.Trial
	path   string
	tally  *campaign.Tally

	found  sim.Photo // what each process finds
	last   uint64    // the last transaction in it
	secret sim.Windows
}

// killPoint is where a process is killed.
type killPoint struct {
	call string
	nth  int // of the calls of this kind, from 1
	when string
}

func (u *killUnit) run() error {
	if u.Found != sim.FoundNothing {
		out, err := u.process(order{Phase: -1, Close: u.Found == sim.FoundClosed})
		if err != nil {
			return fmt.Errorf("building: %w", err)
		}
		u.last = out.acked
	}
	var err error
	if u.found, err = sim.TakePhoto(filepath.Dir(u.path)); err != nil {
		return err
	}
	for _, row := range u.trial.State(u.last).All() {
		u.secret.Add(row)
	}
	u.secret.Add("rolled back")
	out, err := u.process(order{Phase: u.phase})
	if err != nil {
		return err
	}
	u.tally.Count(u.Name+": calls", len(out.calls))
	for i, p := range u.points(out.calls) {
		if err := u.kill(i, p); err != nil {
			return fmt.Errorf("killed %s %q %d: %w", p.when, p.call, p.nth, err)
		}
	}
	return nil
}

// points returns the unit's share of the places where a process can be killed. Each kind of call of each kind of file
// is in every share.
func (u *killUnit) points(calls []string) []killPoint {
	groups := make(map[string][]killPoint)
	var order []string
	times := make(map[string]int)
	for _, call := range calls {
		times[call]++
		kind, _, _ := strings.Cut(call, "\t")
		whens := []string{before}
		if sim.CallKind(kind).ChangesFiles() {
			whens = append(whens, after)
		}
		if kind == string(sim.CallWrite) || kind == string(sim.CallMapWrite) {
			whens = append(whens, within)
		}
		for _, when := range whens {
			group := call + when
			if groups[group] == nil {
				order = append(order, group)
			}
			groups[group] = append(groups[group], killPoint{call, times[call], when})
		}
	}
	var list []killPoint
	for _, group := range order {
		points := groups[group]
		if len(points) < shares {
			list = append(list, points[u.share%len(points)])
			continue
		}
		for i := u.share; i < len(points); i += shares {
			list = append(list, points[i])
		}
	}
	return list
}

// kill has a process killed, and looks at what it has left.
func (u *killUnit) kill(i int, p killPoint) error {
	if err := u.found.Restore(filepath.Dir(u.path)); err != nil {
		return err
	}
	out, err := u.process(order{Phase: u.phase, Call: p.call, Nth: p.nth, When: p.when, Part: float64(1+i%7) / 8})
	if err != nil {
		return err
	}
	if out.died == "" {
		u.tally.Count("ended before its call", 1)
	} else {
		u.tally.Add(1)
		kind, _, _ := strings.Cut(out.died, "\t")
		u.tally.Count("kills in "+u.Name, 1)
		u.tally.Count("kills at "+kind, 1)
		u.tally.Mark(u.Name + ": " + kind)
	}
	return u.look(i, out.acked)
}

// look looks at what a process has left, and works on in it.
func (u *killUnit) look(i int, acked uint64) error {
	ctx := context.Background()
	dir := filepath.Dir(u.path)
	if u.trial.Options(nil).Key != nil && i%4 == 0 {
		if err := noPlaintext(dir, &u.secret); err != nil {
			return err
		}
	}
	if u.Name == "rescue" || u.Name == "read" {
		if err := u.found.Unchanged(dir); err != nil {
			return err
		}
	}
	n, err := u.trial.Look(ctx, vfs.OS, u.path, i%3 > 0, acked, acked+1)
	if err != nil {
		return err
	}
	u.tally.Count("transactions of which it was not known", int(n-acked))
	if err := u.lookAtCopy(ctx, n); err != nil {
		return err
	}
	return u.trial.GoOn(ctx, vfs.OS, u.path, n)
}

// noPlaintext looks for rows in the files of a folder.
func noPlaintext(dir string, w *sim.Windows) error {
	p, err := sim.TakePhoto(dir)
	if err != nil {
		return err
	}
	return p.FindPlaintext(w)
}

// lookAtCopy looks at what is left of a copy, and makes it again.
func (u *killUnit) lookAtCopy(ctx context.Context, n uint64) (err error) {
	to := u.path + "-copy"
	var again func() error
	switch u.Name {
	case "backup", "copy":
		if u.trial.Replaces() {
			err = u.trial.LookAtCopy(ctx, vfs.OS, to, false, u.last, n)
		} else {
			err = u.trial.LookAtCopy(ctx, vfs.OS, to, true, n)
		}
		again = func() error { return u.backup(ctx, to) }
	case "rescue":
		err = u.trial.LookAtCopy(ctx, vfs.OS, to, true, u.last)
		again = func() error {
			_, err := engine.Recover(ctx, u.path, to, engine.RecoverOptions{Key: u.trial.Options(nil).Key, Replace: true})
			return err
		}
	default:
		return nil
	}
	if err != nil {
		return err
	}
	if err := again(); err != nil {
		return fmt.Errorf("once more: %w", err)
	}
	return u.trial.LookAtCopy(ctx, vfs.OS, to, false, n)
}

func (u *killUnit) backup(ctx context.Context, to string) error {
	o := u.trial.Options(vfs.OS)
	o.ReadOnly, o.Readers = true, false
	db, err := engine.Open(ctx, u.path, o)
	if err != nil {
		return err
	}
	return errors.Join(db.Backup(ctx, to, engine.BackupOptions{Replace: true}), db.Close())
}

// result is what a process has said.
type result struct {
	acked uint64
	calls []string
	died  string // at which call; empty: it ended
}

// process runs a process with an order.
func (u *killUnit) process(o order) (result, error) {
	r := result{acked: u.last}
	o.Trial, o.Needs, o.Path, o.Last = u.number, u.needs, u.path, u.last
	text, err := json.Marshal(o)
	if err != nil {
		return r, err
	}
	cmd := exec.Command(u.self)
	cmd.Env = append(os.Environ(), childOrder+"="+string(text), "GOGC=off")
	var said, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complaints
	err = cmd.Run()
	ended := false
	for line := range strings.Lines(said.String()) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch word {
		case saysAcked:
			n, err := strconv.ParseUint(rest, 10, 64)
			if err != nil {
				return r, err
			}
			r.acked = n
		case saysCall:
			r.calls = append(r.calls, rest)
		case saysDies:
			r.died = rest
		case saysEnd:
			ended = true
		}
	}
	if o.Phase < 0 && err == nil || ended && r.died == "" || r.died != "" && err != nil && complaints.Len() == 0 {
		return r, nil
	}
	return r, fmt.Errorf("the process: %v; it said %q and %q", err, said.String(), complaints.String())
}
