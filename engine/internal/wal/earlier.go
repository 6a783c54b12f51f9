// SPDX-License-Identifier: Apache-2.0

package wal

import "github.com/lsmlite/lsmlite-go/engine/internal/format"

// Earlier looks for transactions before the position of a checkpoint that are still in the file, for a log that was
// written with Keep by a process that has ended: it reads from the beginning of the file, where the log began or
// wrapped last, and returns the first place from which it leads to the position. It reports false if it does not.
// What an older part of the file holds is not found.
func Earlier(f File, ckpt format.LogPos) (from format.LogPos, ok bool, err error) {
	var begun bool
	var commits uint64
	encrypted := ckpt.Chain != [16]byte{}
	start := format.LogPos{}
	err = Walk(f, start, WalkOptions{NoBeginning: true, Encrypted: encrypted}, func(e *Entry) bool {
		if e.Header.Kind != format.LogCommit || e.End != nil {
			return true
		}
		switch {
		case !begun:
			// Of an encrypted log, only from a key on it can be read.
			if begun = !encrypted || e.After.Salt != [16]byte{}; begun {
				from = e.After
			}
		default:
			commits++
			ok = e.After.Off == ckpt.Off && e.After.Sum == ckpt.Sum
		}
		return !ok
	})
	from.Commits, from.Toggle = 0, false
	if encrypted {
		from.Commits = ckpt.Commits - commits
	}
	return from, ok && err == nil, err
}
