// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync"

	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

var errInjected = errors.New("injected")

// memFile is a File in memory that can fail, stop like a killed process, and lose power.
type memFile struct {
	mu     sync.Mutex
	data   []byte
	synced []byte // what survives a loss of power
	sector int

	writes     int // WriteAt calls so far
	failWrite  int // the number of the call that fails, 0: none
	failAfter  int // how many bytes of it are written all the same
	dead       bool
	dieOnWrite bool // the failing write is the process's last
	syncErr    error
	readErr    error
	closed     int
}

func (f *memFile) ReadAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.readErr != nil {
		return 0, f.readErr
	}
	if off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return 0, errInjected
	}
	f.writes++
	var err error
	if f.writes == f.failWrite {
		b = b[:min(f.failAfter, len(b))]
		err = errInjected
		f.dead = f.dieOnWrite
	}
	if need := off + int64(len(b)); need > int64(len(f.data)) {
		if need > int64(cap(f.data)) {
			grown := make([]byte, len(f.data), need*3/2)
			copy(grown, f.data)
			f.data = grown
		}
		f.data = f.data[:need]
	}
	copy(f.data[off:], b)
	return len(b), err
}

func (f *memFile) SectorSize() int { return f.sector }

func (f *memFile) Size() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int64(len(f.data)), nil
}

func (f *memFile) Truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.data = append(f.data, make([]byte, max(0, size-int64(len(f.data))))...)[:size]
	return nil
}

func (f *memFile) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.syncErr != nil {
		return f.syncErr
	}
	f.synced = append(f.synced[:0], f.data...)
	return nil
}

func (f *memFile) Close() error {
	f.closed++
	return nil
}

// reopened returns the file as the next process finds it.
func (f *memFile) reopened() *memFile {
	return &memFile{data: append([]byte(nil), f.data...), synced: append([]byte(nil), f.synced...), sector: f.sector}
}

// losePower gives every sector that was written since the last sync its new content, its
// old content or garbage.
func (f *memFile) losePower(rng *rand.Rand) {
	size := max(len(f.data), len(f.synced))
	if least := min(len(f.data), len(f.synced)); rng.IntN(2) == 0 {
		size = least + rng.IntN(size-least+1)
	}
	out := make([]byte, size)
	for i := 0; i < size; i += f.sector {
		end := min(i+f.sector, size)
		var was, is []byte
		if i < len(f.synced) {
			was = f.synced[i:min(end, len(f.synced))]
		}
		if i < len(f.data) {
			is = f.data[i:min(end, len(f.data))]
		}
		if string(was) == string(is) {
			copy(out[i:end], was)
			continue
		}
		switch rng.IntN(3) {
		case 0:
			copy(out[i:end], was)
		case 1:
			copy(out[i:end], is)
		case 2:
			for j := i; j < end; j++ {
				out[j] = byte(rng.Uint32())
			}
		}
	}
	f.data = out
	f.synced = append([]byte(nil), out...)
}

// ignore is an apply function for tests that only count.
func ignore(format.LogRecord) error { return nil }
