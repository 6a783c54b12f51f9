// SPDX-License-Identifier: Apache-2.0

package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// file is a log in memory, of which reads can fail.
type file struct {
	mu   sync.Mutex
	data []byte
	err  error
}

func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return 0, f.err
	}
	n := copy(b, f.data[min(off, int64(len(f.data))):])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if more := int(off) + len(b) - len(f.data); more > 0 {
		f.data = append(f.data, make([]byte, more)...)
	}
	return copy(f.data[off:], b), nil
}

func (f *file) Size() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int64(len(f.data)), nil
}

func (f *file) Truncate(int64) error { return nil }
func (f *file) Sync() error          { return nil }
func (f *file) SectorSize() int      { return 512 }
func (f *file) Close() error         { return nil }

// desk is a log with streams.
type desk struct {
	f   *file
	log *wal.Log
	hub *Hub
	end atomic.Pointer[wal.Place]
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{f: new(file), hub: New()}
	log, _, err := wal.Recover(d.f, format.LogPos{Sum: format.EmptyLogSum}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	log.Keep(1 << 20)
	d.log = log
	d.show()
	d.hub.Source = Source{
		End:     func() (wal.Place, int64) { end := *d.end.Load(); return end, end.Stream },
		Log:     func() wal.File { return d.f },
		History: log.History,
		Keys:    func() *crypt.Keys { return nil },
	}
	return d
}

func (d *desk) show() {
	end := d.log.Place()
	d.end.Store(&end)
	d.hub.Wake()
}

func (d *desk) commit(t testing.TB, key string) {
	t.Helper()
	d.log.Begin()
	err := d.log.Append(format.LogRecord{Op: format.LogWrite, Key: []byte(key)})
	if err == nil {
		err = d.log.Commit(false)
	}
	if err != nil {
		t.Fatal(err)
	}
	d.show()
}

func open(t testing.TB, d *desk, o Options) *Reader {
	t.Helper()
	r, err := d.hub.Open(o, *d.end.Load())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A commit costs the same with readers that wait: it wakes them without an allocation.
func TestWakeAllocatesNothing(t *testing.T) {
	d := newDesk(t)
	readers := make([]*Reader, 3)
	for i := range readers {
		readers[i] = open(t, d, Options{})
	}
	n := testing.AllocsPerRun(100, func() {
		for _, r := range readers {
			r.parked.Store(true)
			d.hub.parked.Add(1)
		}
		d.hub.Wake()
		for _, r := range readers {
			select {
			case <-r.news:
			default:
				t.Fatal("a reader was not woken")
			}
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
	for _, r := range readers {
		r.Close()
	}
	if d.hub.parked.Load() != 0 || d.hub.Stats().Readers != 0 {
		t.Errorf("%d wait, %+v", d.hub.parked.Load(), d.hub.Stats())
	}
}

// A read that fails is an error, and the next one goes on where the reader was.
func TestReadFails(t *testing.T) {
	d := newDesk(t)
	r := open(t, d, Options{NoWait: true})
	defer r.Close()
	d.commit(t, "a")
	injected := errors.New("injected")
	d.f.err = injected
	if _, err := r.Next(context.Background()); !errors.Is(err, injected) {
		t.Fatal(err)
	}
	d.f.err = nil
	if found, err := r.Next(context.Background()); !found || err != nil {
		t.Fatal(found, err)
	}
	d.f.err = injected
	if _, err := d.hub.Find(context.Background(), 5, format.Checksum{}); !errors.Is(err, injected) {
		t.Errorf("find: %v", err)
	}
}

func TestFindObeysTheContext(t *testing.T) {
	d := newDesk(t)
	d.commit(t, "a")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.hub.Find(ctx, 5, format.Checksum{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Whatever a reader waits for, Abort ends it.
func TestAbort(t *testing.T) {
	d := newDesk(t)
	var all sync.WaitGroup
	slow := open(t, d, Options{Wait: true})
	d.commit(t, "a")
	all.Go(func() {
		r, err := d.hub.Open(Options{}, *d.end.Load())
		if err != nil {
			t.Error(err)
			return
		}
		defer r.Close()
		if found, err := r.Next(context.Background()); found || err != nil && !IsClosed(err) {
			t.Error(found, err)
		}
	})
	for d.hub.parked.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if d.hub.Finish(time.Millisecond) {
		t.Error("a reader that has not read to the end has finished")
	}
	d.hub.Abort()
	all.Wait()
	if _, err := slow.Next(context.Background()); !IsClosed(err) || !errors.Is(err, errs.ErrGap) {
		t.Error(err)
	}
	slow.Close()
	if _, err := d.hub.Open(Options{}, *d.end.Load()); !IsClosed(err) {
		t.Error(err)
	}
	if !d.hub.Finish(time.Minute) {
		t.Error("no reader is left, and they have not finished")
	}
}

// BenchmarkWake is what a commit costs with readers: none, one that is busy, and one that waits each time.
func BenchmarkWake(b *testing.B) {
	for _, c := range []string{"none", "busy", "waiting"} {
		b.Run(fmt.Sprint("reader=", c), func(b *testing.B) {
			d := newDesk(b)
			if c != "none" {
				r := open(b, d, Options{})
				defer r.Close()
				for b.Loop() {
					if c == "waiting" {
						r.parked.Store(true)
						d.hub.parked.Add(1)
					}
					d.hub.Wake()
					select {
					case <-r.news:
					default:
					}
				}
				return
			}
			for b.Loop() {
				d.hub.Wake()
			}
		})
	}
}
