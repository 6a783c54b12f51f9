// SPDX-License-Identifier: Apache-2.0

package work

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/meter"
	"github.com/lsmlite/lsmlite-go/internal/measure/data"
	"github.com/lsmlite/lsmlite-go/internal/measure/machine"
)

func lifetimes() []Workload {
	return []Workload{
		{Name: "space", Batch: 1000, Unit: "row", Classes: normal, run: (*run).space,
			About: "write all rows in random order, then all of them three times again, 1,000 to a commit, whatever the limit; " +
				"the space on the disk follows"},
		{Name: "reopen", Unit: "open", Base: ReadOnly, Classes: normal, run: (*run).reopen,
			About: "open a database that was closed; CPU time has that of a get and of closing, too"},
		{Name: "reopenkilled", Unit: "open", Classes: normal, run: (*run).reopenKilled,
			About: "open a database whose process was killed after writing 64 MiB, 100 rows to a commit"},
		{Name: "lost", Unit: "commit", Classes: both, run: (*run).lost,
			About: "commit one row at a time until the process is killed, several times; commits that had returned and are not there are lost"},
	}
}

// passes is how often space writes each row.
const passes = 4

func (r *run) space() error {
	if err := r.open(1); err != nil {
		return err
	}
	r.Limit = 0 // a part of the work would have another result
	var atEnd int64
	err := r.measureWrites(func() (rows uint64, err error) {
		for pass := range uint64(passes) {
			n, err := r.write(fillOrder{batch: 1000, version: uint32(pass + 1), at: data.NewOrder(r.Rows, r.Seed+pass).At})
			if rows += n; err != nil {
				return rows, err
			}
		}
		atEnd, err = machine.DiskBytes(r.Dir)
		return rows, err
	})
	if err != nil {
		return err
	}
	r.logical(passes * r.Rows)
	live := float64(*r.result.LogicalBytes / passes)
	if r.result.DiskBytes, err = diskBytes(r.Dir); err != nil {
		return err
	}
	r.result.Extra["space_at_end_ratio"] = float64(atEnd) / live
	r.result.Extra["space_open_ratio"] = float64(*r.result.DiskBytes) / live
	n, err := r.verify(func(uint64) uint32 { return passes })
	if err == nil && n != r.Rows {
		err = fmt.Errorf("there are %d rows, and there should be %d", n, r.Rows)
	}
	if err = errors.Join(err, r.store.Close()); err != nil {
		return err
	}
	r.store = nil
	closed, err := machine.DiskBytes(r.Dir)
	r.result.Extra["space_closed_ratio"] = float64(closed) / live
	return err
}

const (
	fewestOpens = 5
	mostOpens   = 50
)

func (r *run) reopen() error {
	var opening, getting, closing time.Duration
	one := func() error {
		begun := time.Now()
		if err := r.open(1); err != nil {
			return err
		}
		opened := time.Now()
		if err := r.getOne(0); err != nil {
			return err
		}
		got := time.Now()
		s := r.store
		r.store = nil
		if err := s.Close(); err != nil {
			return err
		}
		opening += opened.Sub(begun)
		getting += got.Sub(opened)
		closing += time.Since(got)
		return nil
	}
	if err := one(); err != nil { // caches of the kernel
		return err
	}
	opening, getting, closing = 0, 0, 0
	err := r.measure(func() (n uint64, err error) {
		for over := r.deadline(); n < mostOpens && (n < fewestOpens || !over()); n++ {
			if err := one(); err != nil {
				return n, err
			}
		}
		return n, nil
	})
	if err != nil {
		return err
	}
	n := float64(r.result.Ops)
	r.result.WallSeconds = opening.Seconds()
	r.result.Extra["first_get_us"] = getting.Seconds() * 1e6 / n
	r.result.Extra["close_us"] = closing.Seconds() * 1e6 / n
	return nil
}

// getOne gets a row and checks it.
func (r *run) getOne(row uint64) error {
	g, err := r.newGetter(0)
	if err != nil {
		return err
	}
	_, err = g.Get(row)
	return errors.Join(err, g.Close())
}

// logged is how much is written before the process is killed that reopenKilled opens after.
const logged = 64 << 20

func (r *run) reopenKilled() error {
	const batch = 100
	commits := uint64(logged / (data.KeySize + r.ValueBytes) / batch)
	killed, err := r.kill(victimTask{Task: r.Task, Batch: batch, Commits: commits}, func(acked uint64) bool { return acked == commits })
	if err != nil {
		return err
	}
	r.logical(killed.acked * batch)
	if err := r.measure(func() (uint64, error) { return 1, r.open(1) }); err != nil {
		return err
	}
	return r.survivors(killed, batch)
}

// kills is how often lost kills a process, and killAfter how long that has written.
const (
	kills     = 5
	killAfter = 300 * time.Millisecond
)

func (r *run) lost() error {
	dir := r.Dir
	for i := range uint64(kills) {
		r.Dir = fmt.Sprintf("%s/%d", dir, i)
		if err := r.killOnce(killAfter + time.Duration(data.Mix(r.Seed+i)%uint64(killAfter))); err != nil {
			return err
		}
	}
	r.Dir = dir
	if r.result.Ops == 0 {
		return errors.New("no commit returned before the process was killed")
	}
	return nil
}

// killOnce kills a process after a while, opens its database and counts.
func (r *run) killOnce(after time.Duration) error {
	if err := os.Mkdir(r.Dir, 0o700); err != nil {
		return err
	}
	if err := meter.Flush(r.Dir); err != nil {
		return err
	}
	begun := time.Now()
	killed, err := r.kill(victimTask{Task: r.Task, Batch: 1, Commits: victimRows}, func(acked uint64) bool {
		return acked > 0 && time.Since(begun) > after
	})
	if err != nil {
		return err
	}
	if err := r.open(1); err != nil {
		return fmt.Errorf("after a kill: %w", err)
	}
	err = r.survivors(killed, 1)
	s := r.store
	r.store = nil
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	r.result.Ops += int64(killed.acked)
	r.result.WallSeconds += killed.wall.Seconds()
	r.result.CPUSeconds += killed.cpu.Seconds()
	return nil
}

// survivors counts what a killed process has left. Rows are numbered in the order of their commits by
// their versions; those that are there must be the first ones, without a gap.
func (r *run) survivors(k killed, batch uint64) error {
	reader, err := r.store.Reader()
	if err != nil {
		return err
	}
	defer reader.Close()
	n, newest := uint64(0), uint64(0)
	err = reader.Scan(kv.Range{}, func(key, value []byte) error {
		row, _ := data.Row(key)
		version, err := r.values.Check(value, row)
		n++
		newest = max(newest, uint64(version))
		return err
	})
	if err != nil {
		return fmt.Errorf("after a kill: %w", err)
	}
	if n != newest || n%batch != 0 {
		return fmt.Errorf("after a kill there are %d rows, the newest of them is number %d, and commits have %d", n, newest, batch)
	}
	lost := max(int64(k.acked)-int64(n/batch), 0)
	if r.result.CommitsLost == nil {
		r.result.CommitsLost, r.result.CommitsChecked = new(int64), new(int64)
	}
	*r.result.CommitsLost += lost
	*r.result.CommitsChecked += int64(k.acked)
	return nil
}
