// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"math"
	"slices"

	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/ioerr"
	"github.com/lsmlite/lsmlite-go/engine/internal/mark"
)

// Recovered tells what Recover found.
type Recovered struct {
	// Commits and Records count the transactions that were replayed and their
	// operations.
	Commits int
	Records int64
	// Bytes is the length of the live log.
	Bytes int64
	// Rebased: there was no commit at the checkpoint's position, and that position was
	// not 0, so the log was read again from offset 0 and is continued from there (or
	// begins there, if that found nothing either). The position of the checkpoint that
	// was opened means nothing in this log: its snapshot counts as being at offset 0,
	// with the same checksums.
	Rebased bool
	// End is the position after the last commit, as Log.End returns it.
	End format.LogPos
	// Torn: something comes after the last commit that is not a committed
	// transaction. It may be torn, rolled back, or left over from earlier use of the
	// space; all three are normal.
	Torn bool
	// Stale: transactions at offset 0 are not part of the log, but would look so to a program
	// that opens a checkpoint at End and finds nothing there. C lsm1 leaves them when it has
	// rolled a transaction back with which the log wrapped. See ForgetStale.
	Stale bool
	// Regions are the regions of the live log.
	Regions [3]Region
}

// Recover reads the log from the position of the chosen checkpoint and calls apply for
// each record of each committed transaction, in order, and only after the transaction's
// commit record verified. The bytes of a record are valid during the call. It returns
// the log, ready for appending after the last commit; Close of the log closes f. If it
// fails, f stays open.
//
// A tail that is torn or damaged in any way ends the log at the last good commit; that
// is no error. Errors are those of reading the file, and those of apply.
//
// The log of an encrypted file needs its keys; nil is for all others. With keys a transaction counts only if
// all of it was written with them, after the transactions before it: if its checksum agrees and that is not so,
// the error matches ErrTampered. And nothing is written that is not encrypted.
//
// Recover never writes. A nil file stands for a log that does not exist and will not be
// made: nothing is replayed, and nothing can be appended.
//
// One pass is made over the file, in pieces. Memory in use is a few megabytes, plus the
// largest key if that is committed and larger: apply gets a long value by Load, to be called
// before it returns, and so decides where it goes. A transaction of more than a few
// megabytes is read a second time once its commit has been seen.
func Recover(f File, from format.LogPos, keys *crypt.Keys, apply func(format.LogRecord) error) (*Log, Recovered, error) {
	return RecoverSteps(f, from, keys, apply, nil)
}

// RecoverSteps is Recover for a caller who wants to know where each transaction ends:
// committed is called after the records of one, with the position after it.
func RecoverSteps(
	f File, from format.LogPos, keys *crypt.Keys, apply func(format.LogRecord) error, committed func(format.LogPos) error,
) (*Log, Recovered, error) {
	return recoverLog(f, from, how{keys: keys, committed: committed, keep: keepBytes}, apply)
}

// how says how a log is recovered.
type how struct {
	keys      *crypt.Keys
	committed func(format.LogPos) error // or nil
	keep      int                       // a bound for the data of a transaction that is kept
}

func recoverLog(f File, from format.LogPos, h how, apply applyFunc) (*Log, Recovered, error) {
	l := &Log{f: f, sector: minSector, seen: from}
	l.sum, l.keys, l.chained = from.Sum, h.keys, chainedAt(from)
	s := scanner{f: f, keep: h.keep, opener: opener{keys: h.keys}}
	if f != nil {
		var err error
		if s.size, err = f.Size(); err != nil {
			return nil, Recovered{}, ioerr.New("size of log", "", "", err)
		}
		l.fileEnd.Store(s.size)
		if n := int64(f.SectorSize()); n > minSector && n <= maxSector && n&(n-1) == 0 {
			l.sector = n
		}
	}
	var r Recovered
	end, err := replay(&s, from, apply, h.committed, &r)
	if err == nil && r.Commits == 0 && from.Off != 0 {
		r.Rebased = true // rule REBASE_TO_START: the log was replaced after the checkpoint
		from.Off = 0
		end, err = replay(&s, from, apply, h.committed, &r)
	}
	if err != nil {
		return nil, Recovered{}, err
	}
	if r.Commits > 0 {
		l.regions = regionsOf(end.extents[:end.numExtents])
		l.sum, l.chained = end.sum, end.chained
		l.align = end.off()%l.sector != 0
	}
	l.mark = s.size > 0 || l.keys != nil // rule MARK_AFTER_RECOVERY; see prelude
	live := slices.ContainsFunc(l.regions[:], func(r Region) bool { return r.inUse() && r.Start == 0 })
	if l.regions[2].End > 0 && !live {
		var stale Recovered
		if _, err := replay(&s, l.at(0, l.sum), ignoreRecord, nil, &stale); err != nil {
			return nil, Recovered{}, err
		}
		r.Stale = stale.Commits > 0
	}
	if mark.Enabled {
		r.markFound()
	}
	l.stream, l.seq = l.Size(), uint64(r.Commits)
	l.history.begin = Place{LogPos: from}
	l.history.oldest.Store(math.MaxInt64)
	r.Bytes, r.End, r.Regions = l.Size(), l.End(), l.regions
	l.Rollback()
	return l, r, nil
}

// markFound marks what was found.
func (r *Recovered) markFound() {
	for m, is := range map[mark.Mark]bool{
		mark.LogReplayed: r.Commits > 0, mark.LogTornTail: r.Torn, mark.LogRebased: r.Rebased, mark.LogStale: r.Stale,
	} {
		if is {
			mark.Hit(m)
		}
	}
}

func ignoreRecord(format.LogRecord) error { return nil }

// ForgetStale makes sure that the transactions of which Recovered.Stale is the place are never
// treated as the log's. It is called before anything else is done with the log. The first
// transaction of this session does not do it: a checkpoint may be made before there is one.
func (l *Log) ForgetStale() error { return l.writeAt([]byte{0}, 0) }

// replay applies the committed transactions from a position on, counts them in r, and returns the place
// after the last one.
func replay(s *scanner, from format.LogPos, apply applyFunc, committed func(format.LogPos) error, r *Recovered) (place, error) {
	end := startPlace(from)
	r.Torn = false
	if from.Off < 0 || from.Off >= s.size {
		return end, nil
	}
	s.moveTo(end)
	for {
		ok, err := s.transaction()
		if err != nil {
			return end, err
		}
		if !ok {
			break
		}
		if err := s.applyTo(apply, end); err != nil {
			return end, err
		}
		r.Commits++
		r.Records += s.records
		end = s.at
		if committed != nil {
			if err := committed(end.pos()); err != nil {
				return end, err
			}
		}
	}
	s.moveTo(end)
	n, err := s.have(1)
	if err != nil {
		return end, err
	}
	r.Torn = n > 0 && s.buf[s.r] != 0
	return end, nil
}

// regionsOf names the extents of a stream, which are in reading order. An extent before
// the last one is region 0 if the log wrapped after it, and region 1 if it begins the
// file, as C lsm1 has it.
func regionsOf(extents []Region) (r [3]Region) {
	last := len(extents) - 1
	r[2] = extents[last]
	switch {
	case last == 2:
		r[0], r[1] = extents[0], extents[1]
	case last == 1 && extents[0].Start != 0:
		r[0] = extents[0]
	case last == 1:
		r[1] = extents[0]
	}
	return r
}
