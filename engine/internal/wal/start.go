// SPDX-License-Identifier: Apache-2.0

package wal

import "github.com/lsmlite/lsmlite-go/engine/internal/format"

// Start is where the reading of a log begins.
type Start struct {
	format.LogPos
	// Missed says that transactions between the position that was read up to and this one are gone.
	Missed bool
}

// StartAfter returns where reading goes on for a reader that has read up to a position, seen, of a
// log that may have been used again from its beginning since. ckpt is the position of the newest
// checkpoint. What distinguishes one history of a log from another are its checksums: seen comes
// after the checkpoint, or the checkpoint comes after seen, or something between them is gone.
func StartAfter(f File, ckpt, seen format.LogPos) (Start, error) {
	begin, err := StartOf(f, ckpt)
	if err != nil {
		return Start{}, err
	}
	if at, ok, err := reach(f, begin, seen.Sum); ok || err != nil {
		return Start{LogPos: at}, err
	}
	if _, ok, err := reach(f, seen, begin.Sum); ok || err != nil {
		return Start{LogPos: seen}, err
	}
	return Start{LogPos: begin, Missed: true}, nil
}

// reach returns the position between two transactions with a certain checksum, from another one on.
func reach(f File, from format.LogPos, sum format.Checksum) (at format.LogPos, ok bool, err error) {
	if from.Sum == sum {
		return from, true, nil
	}
	err = Walk(f, from, WalkOptions{}, func(e *Entry) bool {
		if e.Header.Kind == format.LogCommit && e.After.Sum == sum {
			at, ok = e.After, true
		}
		return !ok
	})
	return at, ok, err
}

// StartOf returns where recovery begins to read a log: at the position of the newest checkpoint, or,
// if no transaction follows there, at the beginning of the file, if one follows there.
func StartOf(f File, ckpt format.LogPos) (format.LogPos, error) {
	begin := ckpt
	begin.Off, begin.Toggle = 0, false
	if ckpt.Off == 0 {
		return begin, nil
	}
	if at, err := follows(f, ckpt); at || err != nil {
		return ckpt, err
	}
	if at, err := follows(f, begin); at || err != nil {
		return begin, err
	}
	return ckpt, nil
}

// follows reports whether a transaction follows at a position.
func follows(f File, pos format.LogPos) (bool, error) {
	found := false
	err := Walk(f, pos, WalkOptions{}, func(e *Entry) bool {
		found = e.Header.Kind == format.LogCommit
		return !found
	})
	return found, err
}
