// SPDX-License-Identifier: Apache-2.0

package merge

import (
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/snapshot"
)

// MaxSegments is how many segments a database may have before nothing more is flushed:
// below the 40 at which C lsm1 stops, with room for what C may add itself.
const MaxSegments = 30

// pickRun chooses the levels to merge, by lsm1's rule: the longest run of at least minLevels
// neighbouring levels of one age. Levels that a merge works on already, or that C lsm1
// left half merged, end a run. It returns the half-open range of levels, newest first;
// lo == hi if there is nothing to do.
func pickRun(levels []*snapshot.Level, busy func(*snapshot.Level) bool, minLevels int) (lo, hi int) {
	minLevels = max(minLevels, 2)
	for start := 0; start < len(levels); {
		end := start
		for end < len(levels) && ageOf(levels[end]) == ageOf(levels[start]) && free(levels[end], busy) {
			end++
		}
		if n := end - start; n >= minLevels && n > hi-lo {
			lo, hi = start, end
		}
		start = max(end, start+1)
	}
	return lo, hi
}

// enoughForSpace is how many levels are worth a merge for space, where MinLevels is more: otherwise a
// small database could take MinLevels times the space of its rows.
const enoughForSpace = 4

// spaceLevels returns how many levels are worth a merge for space. One that a program requests
// follows MinLevels alone.
func (s *Situation) spaceLevels() int {
	n := max(s.MinLevels, 2)
	if s.Lazy {
		n = min(n, enoughForSpace)
	}
	return n
}

// pickSpace chooses almost all levels when the newer ones have grown to a part of the size of the
// oldest, in percent. If what they hold overwrites or deletes older records, as much space is
// wasted, which lsm1's rule alone would leave until there are minLevels segments as large as the
// oldest. It returns lo == hi if that is not so, or if any level is not free.
func (s *Situation) pickSpace() (lo, hi int) {
	for _, l := range s.Levels {
		if !free(l, s.busy) {
			return 0, 0
		}
	}
	if len(s.Levels) < s.spaceLevels() || s.garbage() < 1 {
		return 0, 0
	}
	return leaveYoung(s.Levels), len(s.Levels)
}

// garbage returns how much the newer levels have grown of what is worth a merge for space.
func (s *Situation) garbage() float64 {
	if len(s.Levels) == 0 {
		return 0
	}
	oldest := len(s.Levels) - 1
	limit := float64(s.MaxGarbage) / 100
	if limit <= 0 {
		limit = 1
	}
	return float64(size(s.Levels[:oldest])) / float64(max(s.Levels[oldest].Seg.Size, 1)) / limit
}

const (
	// soonGarbage is from which part of what is worth a merge for space other merges wait for
	// that one, which writes all again. They need room for what they write, and save little; but until
	// it comes, reads have more segments to look into.
	soonGarbage = 0.6
	// crowded is how many times MinLevels segments there may be meanwhile.
	crowded = 3
)

// spaceSoon reports whether a merge for space comes soon.
func (s *Situation) spaceSoon() bool {
	return s.Lazy && s.garbage() >= soonGarbage && s.segments() < min(crowded*max(s.MinLevels, 2), MaxSegments/2)
}

// youngPart is the part of all levels, by size, that the youngest of them may have which a merge
// for space leaves alone.
const youngPart = 16

// leaveYoung returns where the levels begin that a merge of all of them is worth most for. A merge
// may not give a level a greater age than the next older one has. So if the long merge began with
// the newest level, all that is flushed and merged while it goes on would stay at that level's
// age, and be merged again with each few trees that follow. What is left out is little, and ends
// where the age changes.
func leaveYoung(levels []*snapshot.Level) (lo int) {
	var young int64
	all := size(levels)
	for i := 0; i+1 < len(levels); i++ {
		if young += levels[i].Seg.Size; young*youngPart > all {
			break
		}
		if ageOf(levels[i]) < ageOf(levels[i+1]) {
			lo = i + 1
		}
	}
	return lo
}

// pickBeside chooses a run as pickRun does among the levels that are newer than the first of
// the inputs of a merge in progress, if it is small compared with that merge: it does not have to
// wait for it, and the number of segments stays low.
func pickBeside(levels, inputs []*snapshot.Level, busy func(*snapshot.Level) bool, minLevels int) (lo, hi int) {
	newer := newerThan(levels, inputs)
	if lo, hi = pickRun(newer, busy, minLevels); !few(newer[lo:hi], inputs) {
		return 0, 0
	}
	return lo, hi
}

// newerThan returns the levels that are newer than the first of the inputs of a merge; none if
// those are gone.
func newerThan(levels, inputs []*snapshot.Level) []*snapshot.Level {
	return levels[:max(slices.Index(levels, inputs[0]), 0)]
}

// sizeRatio is how many times the size of a merge another one has to have to wait for it.
const sizeRatio = 4

// few reports whether a merge of levels is small compared with one of the inputs.
func few(levels, inputs []*snapshot.Level) bool { return sizeRatio*size(levels) <= size(inputs) }

// size returns the pages of levels, those of the inputs of a half-done merge included.
func size(levels []*snapshot.Level) (pages int64) {
	for _, l := range levels {
		pages += l.Seg.Size
		if l.Merging != nil {
			for _, seg := range l.Merging.RHS {
				pages += seg.Size
			}
		}
	}
	return pages
}

// pickAny chooses levels to merge when there are too many of them for pickRun's rule to be
// waited for: the run that pickRun would take at any length, else the neighbours that are
// cheapest to merge.
func pickAny(levels []*snapshot.Level, busy func(*snapshot.Level) bool) (lo, hi int) {
	if lo, hi = pickRun(levels, busy, 2); lo < hi {
		return lo, hi
	}
	return pickCheapest(levels, busy)
}

// pickCheapest chooses the neighbours that are cheapest to merge; lo == hi if there are none. A tree waits for that
// merge where merges cannot be published in part. If it was that of all levels, and the process ended before it did, as
// when it is killed because it opens the database for too long, the next one would begin it again, without end.
func pickCheapest(levels []*snapshot.Level, busy func(*snapshot.Level) bool) (lo, hi int) {
	best := int64(-1)
	for i := 0; i+1 < len(levels); i++ {
		if !free(levels[i], busy) || !free(levels[i+1], busy) {
			continue
		}
		if size := levels[i].Seg.Size + levels[i+1].Seg.Size; best < 0 || size < best {
			best, lo, hi = size, i, i+2
		}
	}
	return lo, hi
}

func free(l *snapshot.Level, busy func(*snapshot.Level) bool) bool {
	return l.Merging == nil && !busy(l)
}
