// SPDX-License-Identifier: Apache-2.0

package files

import (
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/internal/sched"
)

// A loss of power may take the log of a session with its name, as long as that is not durable. Where
// nothing says that the log is in use, what is left then is the database as it was closed. So commits
// that are not synced do not wait for the name, but the following do: a note which says that the
// log is in use, a commit that is synced, and a checkpoint.

// nameDelay is how long after the first commit of a session the names of its files are made durable, if
// nothing has done that before.
const nameDelay = time.Millisecond

// soon is the one time that the names are made durable by a timer.
type soon struct {
	mu      sync.Mutex
	timer   *time.Timer
	done    chan struct{} // closed when what the timer starts has ended
	failed  bool
	stopped bool
}

// NamesMayWait reports whether the names of the files are still to be made durable, and SyncNamesSoon
// can do that: a commit that needs the error of a sync that has failed calls SyncNames.
func (f *Files) NamesMayWait() bool {
	if f.namesSynced.Load() || !f.Syncs() {
		return false
	}
	f.soon.mu.Lock()
	defer f.soon.mu.Unlock()
	return !f.soon.failed && !f.soon.stopped
}

// SyncNamesSoon has the names made durable in a moment, and then done called, in a goroutine that
// EndSyncNames waits for. Calling it again changes nothing.
func (f *Files) SyncNamesSoon(done func()) {
	s := &f.soon
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil || s.stopped {
		return
	}
	s.done = make(chan struct{})
	s.timer = time.AfterFunc(nameDelay, func() {
		defer close(s.done)
		sched.Point("namer begins")
		if f.SyncNames() == nil {
			done()
			return
		}
		s.mu.Lock()
		s.failed = true
		s.mu.Unlock()
	})
}

// soonSynced reports whether SyncNamesSoon was called.
func (f *Files) soonSynced() bool {
	f.soon.mu.Lock()
	defer f.soon.mu.Unlock()
	return f.soon.timer != nil
}

// EndSyncNames ends what SyncNamesSoon has begun, once, before the files are closed.
func (f *Files) EndSyncNames() {
	s := &f.soon
	s.mu.Lock()
	timer := s.timer
	if s.stopped {
		timer = nil
	}
	s.stopped = true
	s.mu.Unlock()
	if timer != nil && !timer.Stop() {
		<-s.done
		sched.Point("namer has ended")
	}
}
