// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/files"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/wal"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// logReader is a call of ReadLog.
type logReader struct {
	ReadLogOptions
	ctx     context.Context
	yield   func(LogRecord, error) bool
	stopped bool // by the caller
	commits int64
	size    int64

	encrypted bool
	secret    *checkpoint.Secret // nil without the key
}

func (r *logReader) read(path string) error {
	if r.FS == nil {
		r.FS = vfs.OS
	}
	switch {
	case r.MaxBytes == 0:
		r.MaxBytes = DefaultLogBytes
	case r.MaxBytes < 0:
		r.MaxBytes = 0
	}
	ckpt, known, err := r.checkpoint(path)
	defer r.secret.Wipe()
	if err != nil {
		return err
	}
	f, err := r.FS.Open(r.LogPath, vfs.ReadOnly|vfs.NoFollow|vfs.FarLocks, 0)
	if errors.Is(err, fs.ErrNotExist) {
		end := LogEndInfo{Why: "there is no log"}
		r.give(LogRecord{Kind: LogEnd, End: &end, Place: placeOf(ckpt)})
		return nil
	}
	if err != nil {
		return files.OpenError(r.LogPath, err)
	}
	defer f.Close()
	if r.size, err = f.Size(); err != nil {
		return files.OpenError(r.LogPath, err)
	}
	o := wal.WalkOptions{
		Part: min(r.MaxBytes, MaxLogBytes), NoBeginning: r.FromStart || !known,
		Encrypted: r.encrypted, Keys: r.secret.Keys(),
	}
	start := wal.Start{}
	if !o.NoBeginning {
		if start, err = r.start(f, ckpt); err != nil {
			return err
		}
	}
	if start.Missed && !r.give(LogRecord{Kind: LogRestart, Offset: start.Off, Place: placeOf(start.LogPos)}) {
		return nil
	}
	err = wal.Walk(f, start.LogPos, o, func(e *wal.Entry) bool { return r.ctx.Err() == nil && r.entry(e) })
	return errors.Join(err, r.ctx.Err())
}

// checkpoint finds the log of a database, and where it goes on from the newest checkpoint. known is
// false if that is unknown.
func (r *logReader) checkpoint(path string) (pos format.LogPos, known bool, err error) {
	canonical, err := r.FS.Canonical(path)
	if err != nil {
		return pos, false, files.OpenError(path, err)
	}
	name, isLog := strings.CutSuffix(canonical, files.LogSuffix)
	if r.LogPath == "" {
		r.LogPath = name + files.LogSuffix
	}
	f, err := r.FS.Open(name, vfs.ReadOnly, 0)
	if isLog && errors.Is(err, fs.ErrNotExist) {
		_, err = r.FS.Stat(r.LogPath)
		if err != nil {
			err = files.OpenError(r.LogPath, err)
		}
		return pos, false, err
	}
	if err != nil {
		return pos, false, files.OpenError(name, err)
	}
	defer f.Close()
	loaded, err := checkpoint.Load(f, name)
	if err == nil {
		r.encrypted = loaded.Encrypted()
	}
	if err == nil && hasKey(r.Key) {
		if r.secret, err = loaded.Unlock(r.ctx, r.Key); err != nil {
			return pos, false, atOpen(name, err)
		}
	}
	switch {
	case err != nil:
		return pos, false, err
	case loaded.Checkpoint != nil:
		return loaded.Checkpoint.Log, true, nil
	}
	return format.LogPos{Sum: format.EmptyLogSum}, loaded.Damaged == nil, nil
}

// start returns where reading begins.
func (r *logReader) start(f vfs.File, ckpt format.LogPos) (s wal.Start, err error) {
	if r.After != (LogPlace{}) {
		seen := format.LogPos{Off: r.After.Offset, Sum: format.Checksum{S0: r.After.Sum[0], S1: r.After.Sum[1]},
			Salt: r.After.Salt, Chain: r.After.Chain}
		return wal.StartAfter(f, ckpt, seen)
	}
	s.LogPos, err = wal.StartOf(f, ckpt)
	return s, err
}

// entry passes a record on.
func (r *logReader) entry(e *wal.Entry) bool {
	rec := LogRecord{Offset: e.Off, Bytes: e.Len, Transaction: r.commits + 1, Sum: logSums[e.Sum]}
	h := &e.Header
	switch h.Kind {
	case format.LogPad:
		switch rec.Kind = LogPad; {
		case e.Head != nil:
			rec.Kind, rec.Checkpoint = LogHead, int64(e.Head.Base.ID)
		case e.Frame != nil && e.Frame.Key:
			rec.Kind = LogKeyFrame
		case e.Frame != nil:
			rec.Kind = LogFrame
		}
	case format.LogJump:
		rec.Kind, rec.Target = LogJump, int64(h.N1)
	case format.LogCommit:
		r.commits++
		rec.Kind, rec.Place = LogCommit, placeOf(e.After)
	case format.LogOperation:
		rec.Kind, rec.Key, rec.KeyLen = LogRecordKind(h.Op.String()), e.Key, int64(h.N1)
		switch h.Op {
		case format.LogWrite:
			rec.Value, rec.ValueLen = e.Value, int64(h.N2)
		case format.LogDeleteRange:
			rec.EndKey, rec.EndKeyLen = e.Value, int64(h.N2)
		}
	case format.LogEnd:
		rec.Kind, rec.Transaction, rec.Place, rec.End = LogEnd, 0, placeOf(e.End.After), r.ending(e.End)
	}
	return r.give(rec)
}

// ending makes the end of a log what programs see.
func (r *logReader) ending(e *wal.End) *LogEndInfo {
	end := &LogEndInfo{Why: e.Why, Torn: e.Torn, Commits: e.Commits, Uncommitted: e.Uncommitted, Bytes: r.size}
	for i, region := range e.Regions {
		if region.End > region.Start {
			end.Regions[i] = LogRegion(region)
		}
	}
	return end
}

func (r *logReader) give(rec LogRecord) bool {
	r.stopped = !r.yield(rec, nil)
	return !r.stopped
}

var logSums = [...]LogSum{
	wal.SumNone: LogSumNone, wal.SumGood: LogSumGood, wal.SumBad: LogSumBad, wal.SumUnknown: LogSumUnknown,
}

func placeOf(p format.LogPos) LogPlace {
	return LogPlace{Offset: p.Off, Sum: [2]uint32{p.Sum.S0, p.Sum.S1}, Salt: p.Salt, Chain: p.Chain}
}
