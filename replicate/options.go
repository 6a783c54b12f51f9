// SPDX-License-Identifier: Apache-2.0

package replicate

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

// The defaults of Options.
const (
	DefaultInterval      = time.Second
	DefaultBytes         = 8 << 20
	DefaultSnapshotEvery = 24 * time.Hour
	// MinSnapshotLog is how many bytes of log objects there are at least before another snapshot is made because the
	// log has become longer than the last one.
	MinSnapshotLog = 64 << 20
	// DefaultRetryEvery is how long a replicator waits before it begins again after an error, and before it makes
	// another attempt at a snapshot.
	DefaultRetryEvery = 5 * time.Second
)

// Options say how a database is replicated. The zero value uses the defaults and keeps everything.
type Options struct {
	// Interval is how long a commit waits for others to be uploaded with it; Bytes is how many bytes of operations do
	// not wait. While an upload takes longer, the next one gets what came meanwhile, up to 32 MiB.
	Interval time.Duration
	Bytes    int
	// SnapshotEvery is how old the newest snapshot becomes before another one is made. One is also made when the log
	// since the last has become longer than it, and than MinSnapshotLog.
	SnapshotEvery time.Duration
	// Keep is how far back every moment can be restored. What no moment of that time needs is removed, also what
	// other programs have put below the same prefix in names of this layout. 0 keeps everything.
	Keep time.Duration
	// Key encrypts the objects, with AES-256-GCM: a raw key or a passphrase. It has nothing to do with that of the
	// database.
	Key keys.Source
	// Clear admits that the rows of an encrypted database are readable in the target. Without it, and without Key,
	// such a database is refused.
	Clear bool
	// Durable uploads a commit only when it cannot be lost to a power failure any more, with a checkpoint or a sync.
	// Without it the target may have commits, after a power failure, that the database has not: then a new generation
	// begins, and the old one can still be restored.
	Durable bool
	// Wait holds writers back when the target cannot be reached for so long that the log has grown by the database's
	// Options.Changes. Without it the stream ends there, and a new generation begins with a snapshot.
	Wait bool
	// RequestTimeout is how long a request may take before it is sent again; 0 is DefaultRequestTimeout.
	RequestTimeout time.Duration
	// RetryEvery is how long to wait before beginning again after an error; 0 is DefaultRetryEvery.
	RetryEvery time.Duration
	// Logger gets what is worth knowing: generations and snapshots at Info, failures at Warn, the end by an error at
	// Error. Nil logs nothing.
	Logger *slog.Logger

	steps  func(string) // for tests: is called before each step by which something is made
	pause  time.Duration
	raw    int // bytes of rows in a part of a snapshot
	minLog int64

	clockStep time.Duration
}

// withDefaults returns o with defaults in place of zeros.
func (o Options) withDefaults() (Options, error) {
	for _, f := range []struct {
		name  string
		value *time.Duration
		zero  time.Duration
	}{
		{"Interval", &o.Interval, DefaultInterval}, {"SnapshotEvery", &o.SnapshotEvery, DefaultSnapshotEvery}, {"Keep", &o.Keep, 0},
		{"RequestTimeout", &o.RequestTimeout, DefaultRequestTimeout}, {"RetryEvery", &o.RetryEvery, DefaultRetryEvery},
		{"pause", &o.pause, firstPause},
	} {
		if *f.value < 0 {
			return o, fmt.Errorf("options: %s is %v; want no negative duration: %w", f.name, *f.value, ErrMisuse)
		}
		if *f.value == 0 {
			*f.value = f.zero
		}
	}
	if o.Bytes < 0 || o.Bytes > object.PartBytes {
		return o, fmt.Errorf("options: Bytes is %d; want at most %d: %w", o.Bytes, object.PartBytes, ErrMisuse)
	}
	if o.Bytes == 0 {
		o.Bytes = DefaultBytes
	}
	if o.raw == 0 {
		o.raw = snapshotPart
	}
	if o.minLog == 0 {
		o.minLog = MinSnapshotLog
	}
	if o.clockStep == 0 {
		o.clockStep = MaxClockStep
	}
	if o.steps == nil {
		o.steps = func(string) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}
