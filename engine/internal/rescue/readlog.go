// SPDX-License-Identifier: Apache-2.0

package rescue

import (
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

// readLog reads the log, from one of some positions on: the first after which there are transactions. Without any it
// is read from the first transaction on that can be found.
//
// Where the log is damaged, it is read on after that. What follows there is newer than what comes before, if the log
// has never gone on at its front: one shorter than format.LogMinWrap has not. Otherwise it may be what the log held
// long ago. Then it counts only if the log shows damage, and as older than everything else.
//
// A log of which no transaction continues the checkpoint may be that of another database, or of long ago. It counts
// only if belongs reports otherwise, and the note does not say that the checkpoint has everything.
func (r *Rescue) readLog(m *metas, from []format.LogPos, belongs func(*logReader) bool) (s logSources, err error) {
	if r.log == nil || r.log.size == 0 {
		return s, nil
	}
	rep := &r.Report.Log
	rep.Found, rep.Bytes, rep.Name = true, r.log.size, r.o.LogPath
	l := &logReader{o: r.o, file: &tolerant{r.o.Log, r.log}, in: r.log, report: rep, tree: memtree.New(), limit: int(r.o.Memory / 2)}
	if r.o.Secret != nil {
		s.newest, err = r.readSealed(l, from[0])
		return s, err
	}
	start, found, err := l.start(from)
	if err != nil {
		return s, err
	}
	if !found {
		rep.Torn = true
		if start, found = l.first(from); !found {
			return s, r.log.err
		}
		at := from[0].Off
		apart := r.Report.Checkpoint != 0 && at > 0 && !m.begins(l) && (start.Off <= at || l.long())
		if apart && m.logIdle() {
			rep.Torn = false
			return s, nil
		}
		if !belongs(l) {
			r.Report.Problems = append(r.Report.Problems, "the log has transactions that do not continue the checkpoint; they were left out")
			return s, nil
		}
		if apart {
			s.oldest, err = l.beyond(at, start)
			return s, err
		}
		rep.DamagedAt, rep.LostBytes = 0, start.Off
	}
	part, err := l.replay(start)
	if err != nil {
		return s, err
	}
	s.newest, err = l.rest(start.Off, part, &s)
	return s, err
}

// readSealed reads the log of an encrypted database: the transactions that continue the checkpoint, up to the first one
// that is not whole. The frames of those after it cannot be opened.
func (r *Rescue) readSealed(l *logReader, from format.LogPos) ([]*source, error) {
	part, err := l.replay(from)
	if errors.Is(err, errs.ErrCorrupt) {
		r.Report.Problems, err = append(r.Report.Problems, fmt.Sprintf("the log: %v", err)), nil
		part.torn = true
	}
	l.report.Torn = part.torn
	return l.sources(), err
}
