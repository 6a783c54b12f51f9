// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/internal/campaign"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// killsPerDatabase is how often the processes of one database are killed, one after another.
const killsPerDatabase = 8

// TestKillsAnyTime kills processes at moments that the clock chooses, while they commit and keep house at the same
// time. Each goes on with what the one before it has left; some look at it only, so that what several have left half
// done adds up. Moments differ from run to run.
func TestKillsAnyTime(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Skip("no way to start this program once more: ", err)
	}
	folder := t.TempDir()
	campaign.Run(t, campaign.Campaign{
		Name: "kills-any-time", Cases: "kills", Goal: 5_000, Brief: 6, CPU: 3 * time.Second,
		Unit: func(unit uint64, tally *campaign.Tally) error {
			dir, err := os.MkdirTemp(folder, "unit")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			path, err := vfs.OS.Canonical(filepath.Join(dir, "db"))
			if err != nil {
				return err
			}
			k := &killer{self: self, number: unit, path: path, trial: sim.NewTrial(unit, sim.TrialNeeds{}), tally: tally}
			for i := range killsPerDatabase {
				if err := k.round(i); err != nil {
					return fmt.Errorf("%v: kill %d: %w (moments differ, so that it may be found only after several tries)", k.trial, i, err)
				}
				tally.Add(1)
			}
			return nil
		},
	})
}

// killer kills the processes of one database.
type killer struct {
	self   string
	number uint64
	path   string
	trial  *sim.Trial
	tally  *campaign.Tally
	acked  uint64
}

// round starts a process, kills it and looks at the database.
func (k *killer) round(i int) error {
	rng := rand.New(rand.NewPCG(k.number, uint64(i)))
	text, err := json.Marshal(order{Trial: k.number, Path: k.path, Forever: true})
	if err != nil {
		return err
	}
	cmd := exec.Command(k.self)
	cmd.Env = append(os.Environ(), childOrder+"="+string(text))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		return err
	}
	var killed atomic.Bool
	kill := func() { killed.Store(true); _ = cmd.Process.Kill() }
	var timer *time.Timer
	if rng.IntN(4) == 0 { // at any moment, while it opens the database for instance
		timer = time.AfterFunc(time.Duration(rng.IntN(40))*time.Millisecond, kill)
	}
	for in := bufio.NewReader(out); ; {
		line, err := in.ReadString('\n')
		if err != nil {
			break // what follows the last whole line was not said
		}
		if n, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), saysAcked+" "); ok {
			if k.acked, err = strconv.ParseUint(n, 10, 64); err != nil {
				kill()
				return errors.Join(err, cmd.Wait())
			}
		}
		if timer == nil { // while it commits
			timer = time.AfterFunc(time.Duration(rng.IntN(80))*time.Millisecond, kill)
		}
	}
	_ = cmd.Wait()
	if timer != nil {
		timer.Stop()
	}
	if !killed.Load() {
		return fmt.Errorf("the process ended by itself: %s", complaints.String())
	}
	return k.look(rng)
}

// look opens the database, most of the time without changing anything about it.
func (k *killer) look(rng *rand.Rand) error {
	if k.trial.Options(nil).Key != nil {
		var w sim.Windows
		for key, value := range k.trial.State(k.acked).All() {
			w.Add(key)
			w.Add(value)
		}
		w.Add("rolled back")
		if err := noPlaintext(filepath.Dir(k.path), &w); err != nil {
			return err
		}
	}
	n, err := k.trial.Look(context.Background(), vfs.OS, k.path, rng.IntN(3) > 0, k.acked, k.acked+1)
	if err != nil {
		return err
	}
	k.tally.Count("transactions of which it was not known", int(n-k.acked))
	k.tally.Count("transactions", int(n))
	k.acked = n
	return nil
}

// commitForever commits one transaction after another, and keeps house meanwhile, until the process is killed.
func commitForever(ctx context.Context, a *sim.Actor) error {
	if err := a.Open(ctx); err != nil {
		return err
	}
	var err error
	if a.Last, err = sim.Last(a.DB); err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- keepHouse(ctx, a.DB) }()
	go func() {
		for {
			if err := a.Commit(ctx, 1); err != nil {
				failed <- err
				return
			}
		}
	}()
	return <-failed
}

// keepHouse flushes, merges and checkpoints without a pause.
func keepHouse(ctx context.Context, db *engine.DB) error {
	rng := rand.New(rand.NewPCG(rand.Uint64(), 0))
	for {
		var err error
		switch rng.IntN(8) {
		case 0:
			err = db.Flush(ctx)
		case 1:
			_, err = db.Checkpoint(ctx)
		case 2:
			err = db.Optimize(ctx)
		default:
			_, err = db.Work(ctx, engine.WorkOptions{Merge: 2, Pages: 1 + rng.IntN(40)})
		}
		if err != nil {
			return err
		}
		time.Sleep(time.Duration(rng.IntN(2000)) * time.Microsecond)
	}
}
