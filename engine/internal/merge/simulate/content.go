// SPDX-License-Identifier: Apache-2.0

// Package simulate runs the policy of merges without data: segments are numbers of records, and
// hours of writing pass in seconds. It shows what a change of the policy costs or saves at sizes
// that no test can write: pages written, space, segments that a read looks into, and the work of
// the worst commit. Only tests use it.
//
// What is real in it: merge.Choose and merge.Age, with the settings that the engine gives them.
// What is modelled: how much a commit works (package worker, share.go and pace.go), how large a
// merge's result is, when blocks are free again. Space is counted in pages, so what is lost
// because a block is free only as a whole does not show. Invariants: the same Config leads to the
// same Report; every page written is a flush's or a merge's.
package simulate

import "math"

// Content is what a tree or a segment holds. Which fields mean something depends on the Keys.
type Content struct {
	Loaded  float64 // rows that were inserted once each, in any order
	Inserts float64 // keys that were drawn at random, and inserted last
	Deletes float64 // and deleted last
	// A run of rows in key order: those in Run exist, those in Gone are marked as deleted.
	Run, Gone Interval
}

// Interval is the numbers from Lo to Hi.
type Interval struct{ Lo, Hi float64 }

// values and marks are the numbers of records of each kind.
func (c Content) values() float64 { return c.Loaded + c.Inserts + c.Run.Hi - c.Run.Lo }
func (c Content) marks() float64  { return c.Deletes + c.Gone.Hi - c.Gone.Lo }

// Keys says which keys a program writes.
type Keys struct {
	Name string
	// Fixed is how many keys there are, if they are drawn at random again and again: an operation
	// inserts a row, or deletes it with the probability Deleting.
	Fixed    float64
	Deleting float64
	// Sorted rows are inserted in the order of their keys, each once. Depth, if it is not 0, is
	// how many of them there are at a time, as in a queue: each operation inserts one at the end
	// and deletes the first.
	Sorted bool
	Depth  float64
}

// grow returns a tree that held c after n more operations; done came before them.
func (k *Keys) grow(c Content, done, n float64) Content {
	switch {
	case k.Sorted:
		next := Content{Run: Interval{done, done + n}}
		if k.Depth > 0 {
			next.Gone = Interval{max(0, done-k.Depth), max(0, done+n-k.Depth)}
		}
		return k.over(next, c)
	case k.Fixed > 0:
		touched := k.Fixed * -math.Expm1(-n/k.Fixed)
		return k.over(Content{Inserts: touched * (1 - k.Deleting), Deletes: touched * k.Deleting}, c)
	}
	c.Loaded += n
	return c
}

// over returns the merge of two neighbours.
func (k *Keys) over(newer, older Content) Content {
	untouched := 1.0
	if k.Fixed > 0 {
		untouched = max(0, 1-(newer.Inserts+newer.Deletes)/k.Fixed)
	}
	c := Content{
		Loaded:  newer.Loaded + older.Loaded*untouched,
		Inserts: newer.Inserts + older.Inserts*untouched,
		Deletes: newer.Deletes + older.Deletes*untouched,
	}
	c.Gone = newer.Gone.join(older.Gone)
	c.Run = newer.Run.join(older.Run)
	c.Run.Lo = min(max(c.Run.Lo, c.Gone.Hi), c.Run.Hi)
	return c
}

// join returns one interval of two neighbours, either of which may be empty.
func (i Interval) join(other Interval) Interval {
	switch {
	case i.Lo >= i.Hi:
		return other
	case other.Lo >= other.Hi:
		return i
	}
	return Interval{min(i.Lo, other.Lo), max(i.Hi, other.Hi)}
}

// oldest returns what a merge leaves of c if nothing is older.
func (k *Keys) oldest(c Content) Content {
	c.Deletes, c.Gone = 0, Interval{}
	return c
}

// live returns how many rows exist after some operations, of which the first loaded inserted
// each another row.
func (k *Keys) live(loaded, done float64) float64 {
	switch {
	case k.Depth > 0:
		return min(done, k.Depth)
	case k.Fixed > 0:
		untouched := math.Exp(-(done - loaded) / k.Fixed)
		return loaded*untouched + k.Fixed*(1-untouched)*(1-k.Deleting)
	}
	return done
}

// hit returns into how many of the segments, newest first, a read of a random row that exists
// looks, until it finds it. What the trees in memory hold is left out.
func (k *Keys) hit(segments []Content) float64 {
	total, looked, left := 0.0, 0.0, 1.0
	for _, c := range segments {
		total += c.values()
	}
	for _, c := range segments {
		looked += left
		if k.Fixed > 0 {
			left *= 1 - min(1, c.values()/k.Fixed)
		} else {
			left -= c.values() / total
		}
	}
	return looked
}
