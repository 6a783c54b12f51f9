// SPDX-License-Identifier: Apache-2.0

package work

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/lsmlite/lsmlite-go/bench/child"
	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/internal/measure/data"
)

// victimTask is what a process does until it is killed: commits in random order, of which each that has
// returned is counted in a file that both processes map. That survives the kill at no cost for each
// commit, where a pipe would give the store time for a system call to write its log.
type victimTask struct {
	Task
	Batch   uint64
	Commits uint64
	Counter string // name of the file
}

// victimRows bounds the rows of a process that is killed.
const victimRows = 1 << 26

// write is the process that is killed. It ends by itself only if something fails.
func (v victimTask) write(d kv.Driver) error {
	values, err := data.New(v.ValueBytes)
	if err != nil {
		return err
	}
	acked, err := mapCounter(v.Counter)
	if err != nil {
		return err
	}
	r := &run{Task: v.Task, driver: d, values: values}
	if err := r.open(1); err != nil {
		return err
	}
	w, order := r.newWriter(int(v.Batch)), data.NewOrder(victimRows, v.Seed)
	number := uint64(0)
	for range v.Commits {
		for range v.Batch {
			w.Add(order.At(number), uint32(number+1))
			number++
		}
		if err := w.commit(); err != nil {
			return err
		}
		acked.Add(1)
	}
	time.Sleep(time.Hour) // until it is killed
	return errors.New("it was not killed")
}

// mapCounter maps a file of one number into memory, and makes it if it is not there.
func mapCounter(path string) (*atomic.Uint64, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(8); err != nil {
		return nil, err
	}
	b, err := unix.Mmap(int(f.Fd()), 0, 8, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return (*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(b))), nil
}

// killed is a process that was killed.
type killed struct {
	acked uint64 // commits that had returned
	wall  time.Duration
	cpu   time.Duration
}

// kill starts a process and kills it once stop says so.
func (r *run) kill(v victimTask, stop func(acked uint64) bool) (k killed, err error) {
	v.Counter = r.counter
	acked, err := mapCounter(v.Counter)
	if err != nil {
		return k, err
	}
	defer os.Remove(v.Counter)
	begun := time.Now()
	p, err := child.Start(context.Background(), roleVictim, v)
	if err != nil {
		return k, err
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Wait(&Built{}) }()
	for !stop(acked.Load()) {
		select {
		case err := <-ended:
			return k, fmt.Errorf("before it was killed: %w", err)
		case <-time.After(time.Millisecond):
		}
	}
	p.Kill()
	<-ended
	return killed{acked: acked.Load(), wall: time.Since(begun), cpu: p.CPU()}, nil
}
