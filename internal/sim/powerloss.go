// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine"
)

// shape is one of the ways in which PowerLoss loses the power.
type shape struct {
	name       string
	goroutines bool // take part, so that a seed does not do the same each time
	run        func(seed uint64, safety engine.Safety, key []byte) (CrashStats, error)
}

// crashes is the shape of schedules that Crash runs.
func crashes(name string, cfg CrashConfig) shape {
	return shape{name, cfg.Background != engine.BackgroundNone, func(seed uint64, safety engine.Safety, key []byte) (CrashStats, error) {
		own := cfg
		own.Seed, own.Key = seed, key
		if own.Safety = safety; cfg.NoLog && safety == engine.SafetyFull {
			own.Safety = engine.SafetyNormal // full takes a log
		}
		return Crash(own)
	}}
}

// shapes are all of them. There is no multiple of three of them, so that the safety levels come in turn for each.
var shapes = []shape{
	crashes("small", CrashConfig{Steps: 250, Fates: 3}),
	crashes("several blocks, and a log that wraps", CrashConfig{Warm: 500, Steps: 1000, Sparse: 6, Fates: 3, Bulk: true}),
	crashes("a log that runs into its other end", CrashConfig{Steps: 100, Fates: 3, Bulk: true, Jump: true}),
	crashes("a free list that no checkpoint holds", CrashConfig{Steps: 40, Sparse: 2, Fates: 3, Bulk: true, Lists: true}),
	crashes("half-done merges above other levels", CrashConfig{Steps: 40, Sparse: 2, Fates: 3, Bulk: true, Halves: true}),
	crashes("without a log", CrashConfig{Steps: 250, Fates: 3, NoLog: true}),
	crashes("copies", CrashConfig{Steps: 250, Fates: 3, Copies: true}),
	crashes("handles that read", CrashConfig{Warm: 50, Steps: 250, Fates: 3, Bulk: true, Handles: true}),
	crashes("background work", CrashConfig{Warm: 100, Steps: 100, Fates: 3, Bulk: true, Background: engine.BackgroundBoth}),
	{"groups of commits", true, groupLosses},
	{"a sync that failed before", false, failSyncLosses},
}

// Concurrent reports whether goroutines take part in the n-th unit of PowerLoss.
func Concurrent(n uint64) bool { return shapes[n%uint64(len(shapes))].goroutines }

// PowerLoss is the n-th unit of a long series of losses of power: a schedule of one of the shapes, at one of the
// safety levels, encrypted or not. The first three times as many units as there are shapes have all safety levels of
// each. With a key all are encrypted.
func PowerLoss(n uint64, key []byte) (CrashStats, error) {
	numShapes := uint64(len(shapes))
	s, round := shapes[n%numShapes], n/numShapes
	safety := engine.SafetyOff + engine.Safety(round%3)
	seed := 3*n + 1 + n%2
	if (n%numShapes+round+round/3)%3 == 0 {
		seed = 3*n + 3 // a third of the databases is encrypted, each shape at each level now and then
	}
	stats, err := s.run(seed, safety, key)
	if err != nil {
		err = fmt.Errorf("%s, seed %d, safety %v: %w", s.name, seed, safety, err)
	}
	stats.Kinds = added(stats.Kinds, map[string]int{"shape: " + s.name: stats.Cases, "safety " + safety.String(): stats.Cases})
	if key != nil || keyOf(seed) != nil {
		stats.Kinds["encrypted"] += stats.Cases
	}
	return stats, err
}

// failSyncLosses fails a sync of each of several databases, loses the power, and once more.
func failSyncLosses(seed uint64, _ engine.Safety, key []byte) (sum CrashStats, err error) {
	const databases = 50
	sum.Rare, sum.Kinds = make(map[string]int), make(map[string]int)
	for i := range uint64(databases) {
		own := key
		if own == nil {
			own = keyOf(seed)
		}
		stats, err := FailSync(seed*databases+i, own)
		if err != nil {
			return sum, err
		}
		sum.Cases += stats.Crashes
		sum.Distinct += stats.Distinct
		for where, n := range stats.Where {
			sum.Rare["failed: "+where] += n
		}
		if stats.Evicted > 0 {
			sum.Rare["evicted after a failed sync"] += stats.Evicted
		}
		sum.Kinds["after a failed sync"] += stats.Crashes
	}
	return sum, nil
}
