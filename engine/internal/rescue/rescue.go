// SPDX-License-Identifier: Apache-2.0

// Package rescue reads everything that can still be read of a damaged database.
//
// It finds the segments, by the checkpoint if one is good or can be mended, else by looking at every page of the
// file; reads their records as far as they can be trusted, and those of the log; and merges them into rows. What it
// had to leave out, and which rows may be older than the newest because something newer is lost, is in the Report.
//
// Only package engine calls it. The damaged files are only read, and stay the caller's. A Rescue belongs to one
// goroutine.
//
// Invariants:
//
//   - Nothing is invented: a row comes from a page that is sound in itself and fits its segment, and, if it goes on
//     over other pages, from all of them; or from a transaction of the log whose checksums are right.
//   - Damage is never an error, and a part that cannot be read is damage. Errors are those of ctx and of the
//     caller's files other than the damaged ones.
//   - Memory is bounded: by Options.Memory for the log and what is read ahead, besides some bytes for each block of
//     the file, a few pages for each segment, and the longest key.
package rescue

import (
	"context"
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/blockfile"
	"github.com/lsmlite/lsmlite-go/engine/internal/checkpoint"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// DefaultMemory is how much memory the log and reading ahead take together, and MinMemory the least that is possible,
// in bytes.
const (
	DefaultMemory = 64 << 20
	MinMemory     = 1 << 20
)

// Options say what is rescued.
type Options struct {
	Data, Log     vfs.File // of the damaged database; Log may be nil
	Path, LogPath string   // for the report and for errors
	Codecs        []compress.Codec
	// Secret is that of an encrypted database, else nil. Without its checkpoint nothing of such a file can be read:
	// the keys of its segments are made from what stands next to that.
	Secret *checkpoint.Secret
	// Strange is the meta page of an encrypted file that leads to nothing that is there, 0 if none does so.
	Strange int
	Memory  int64
	// Scan has the segments found by looking at all pages even if a checkpoint is good.
	Scan bool
	// Temp makes a file for what does not fit into memory. The caller removes it after the rescue.
	Temp func() (vfs.File, error)
	// Bad are the parts of Data, in units of 4 KiB, that could not be read once, and are not tried again. It is filled
	// in. The caller passes it on where it begins again after ErrIncomplete; it may be nil.
	Bad map[int64]bool
	// Progress is called about once for each MiB read, and once at the end. It may be nil.
	Progress func(Progress)
}

// Progress is how far a rescue has come.
type Progress struct {
	Rows  int64 // rows written
	Bytes int64 // bytes read of the damaged files, and
	Total int64 // how many that will be, about; at the end it is Bytes
}

// Rescue is the rows that are left of a database, in order.
type Rescue struct {
	Report Report

	o        *Options
	data     *input
	log      *input
	merger   merger
	progress Progress
	reported int64
	wasStale bool // the row before
}

// Open finds what there is to read.
func Open(ctx context.Context, o Options) (*Rescue, error) {
	r := &Rescue{o: &o}
	r.Report.Log.DamagedAt = -1
	var err error
	if r.data, err = newInput(ctx, o.Data, o.Path, r.count); err != nil {
		return nil, err
	}
	r.data.secret = o.Secret
	if o.Bad != nil {
		r.data.bad = o.Bad
	}
	r.Report.Bytes, r.progress.Total = r.data.size, r.data.size
	if o.Log != nil {
		if r.log, err = newInput(ctx, o.Log, o.LogPath, r.count); err != nil {
			return nil, err
		}
		r.log.secret = o.Secret
		r.progress.Total += r.log.size
	}
	m := readMetas(r.data, o.Strange)
	r.Report.Problems = m.problems
	sources, err := r.find(m)
	if err == nil {
		err = r.data.err
	}
	if err != nil {
		return nil, err
	}
	r.merger = merger{in: sources, report: &r.Report, check: r.check}
	for _, s := range sources {
		r.Report.Sources = append(r.Report.Sources, s.found)
	}
	r.merger.start()
	return r, nil
}

// find finds the sources of rows, newest first.
func (r *Rescue) find(m *metas) ([]*source, error) {
	ck := m.chosen
	if ck == nil && r.empty(m) {
		ck = &format.Checkpoint{ID: base.EmptySnapshotID, Compression: format.CompressionNone,
			PageSize: emptyPageSize, BlockSize: emptyBlockSize, Log: format.LogPos{Sum: format.EmptyLogSum}}
	}
	if ck != nil && m.older && r.log != nil {
		l := &logReader{o: r.o, file: &tolerant{r.o.Log, r.log}, in: r.log}
		got, err := l.look(ck.Log)
		if err != nil {
			return nil, err
		}
		m.older = got.commits == 0 // else the log leads on from it
	}
	switch {
	case r.o.Secret == nil && (ck == nil || r.o.Scan || m.older):
		return r.scan(m)
	case ck == nil:
		return nil, r.data.nothing("neither of the meta pages is good, without which the pages of an encrypted file cannot be read")
	case r.o.Scan:
		return nil, &errs.Error{Code: errs.CodeMisuse, Op: "recover", Path: r.o.Path,
			Detail: "the pages of an encrypted file cannot be read without a checkpoint, so that they cannot be scanned"}
	}
	if err := r.geometry(ck); err != nil {
		return nil, err
	}
	r.Report.Checkpoint, r.Report.Mended = int64(ck.ID), m.mended
	c := &chains{in: r.data, claimed: make(map[base.BlockNo]bool)}
	parts := c.levels(ck)
	r.data.window = r.windowFor(len(parts))
	log, err := r.readLog(m, []format.LogPos{ck.Log}, m.owns)
	if err != nil {
		return nil, err
	}
	r.Report.Older = (m.suspect || m.older) && r.Report.Log.Transactions == 0 // else they are of what the log has
	r.Report.Log.Missing = m.logInUse() && r.Report.Log.Transactions == 0
	sources := log.newest
	for _, p := range parts {
		if !p.none {
			sources = append(sources, p.source())
		}
	}
	return append(sources, log.oldest...), nil
}

// scan finds the segments by looking at all pages.
func (r *Rescue) scan(m *metas) ([]*source, error) {
	r.Report.Scanned, r.Report.Older = true, m.older
	if ck := m.chosen; ck != nil {
		if err := r.geometry(ck); err != nil {
			return nil, err
		}
	} else if !r.guess() {
		if r.log == nil || r.log.size == 0 {
			return nil, r.data.nothing("neither of the meta pages is good, and there is no page of a database")
		}
		empty := &format.Checkpoint{PageSize: emptyPageSize, BlockSize: emptyBlockSize}
		if err := r.geometry(empty); err != nil {
			return nil, err
		}
	}
	s := scanner{in: r.data}
	s.scan()
	r.Report.Unknown = s.unknown
	o := ordering{in: r.data, groups: s.join(), known: m.chosen}
	r.data.window = r.windowFor(len(o.groups))
	if err := o.compare(); err != nil {
		return nil, err
	}
	log, err := r.readLog(m, m.logStarts(), func(*logReader) bool { return true })
	if err != nil {
		return nil, err
	}
	sources := log.newest
	groups, err := o.sorted()
	if err != nil {
		return nil, err
	}
	for i, g := range groups {
		found := &Source{Name: fmt.Sprintf("segment %d", i+1), First: int64(g.list[0].first), Guessed: true,
			Summed: g.list[0].sums != noSums, partly: g.list[0].front != 0}
		sources = append(sources, &source{reader: newRun(g.sheet(r.data), found), found: found, dead: g.dead || !g.whole()})
	}
	return append(sources, log.oldest...), nil
}

// The sizes of a database of which nothing has been stored yet.
const (
	emptyPageSize  = 4096
	emptyBlockSize = 1 << 20
)

// empty reports whether the file is one in which nothing has been stored yet.
func (r *Rescue) empty(m *metas) bool {
	if !m.blank[0] || !m.blank[1] {
		return false
	}
	buf := make([]byte, windowBytes)
	for off := int64(2 * format.MetaPageSize); off < r.data.size && r.data.err == nil; off += windowBytes {
		if r.data.readAt(buf, off); !format.AllZero(buf) {
			return false
		}
	}
	return r.data.unreadable == 0
}

// windowFor returns how much each of n readers reads at once.
func (r *Rescue) windowFor(n int) int {
	return int(min(max(r.o.Memory/4/int64(max(n, 1)), 4096), windowBytes))
}

// geometry takes over what a checkpoint says about pages and blocks.
func (r *Rescue) geometry(ck *format.Checkpoint) error {
	r.Report.Codec = max(ck.Compression, format.CompressionNone)
	if r.o.Secret != nil {
		r.Report.Codec = r.o.Secret.Codec()
	}
	r.Report.PageSize, r.Report.BlockSize = int(ck.PageSize), int(ck.BlockSize)
	var err error
	if r.o.Secret == nil && r.Report.Codec < format.FirstCodec {
		r.data.geo, err = format.NewGeometry(int(ck.PageSize), int(ck.BlockSize))
		return err
	}
	codec, ok := compress.ByID(r.Report.Codec, r.o.Codecs)
	if !ok && r.Report.Codec >= format.FirstCodec {
		return &errs.Error{Code: errs.CodeMismatch, Op: "recover", Path: r.o.Path,
			Detail: fmt.Sprintf("its pages are compressed with codec %d, which is not known; name it among the codecs", r.Report.Codec)}
	}
	if ok {
		r.data.codec = codec
	}
	r.data.bound = boundOf(int(ck.PageSize), r.data.codec, r.o.Secret != nil)
	r.data.geo, err = format.NewCompressedGeometry(int(ck.PageSize), int(ck.BlockSize), r.data.bound)
	return err
}

// boundOf returns the longest body of a page's record.
func boundOf(pageSize int, codec compress.Codec, encrypted bool) int {
	if encrypted {
		return blockfile.Bound(pageSize, codec)
	}
	return codec.Bound(pageSize)
}

// Codec returns the codec of the damaged file, nil for none.
func (r *Rescue) Codec() compress.Codec { return r.data.codec }

// count counts what was read.
func (r *Rescue) count(n int) {
	r.progress.Bytes += int64(n)
	r.tell(false)
}

// reportBytes is how much is read between two reports of progress.
const reportBytes = 1 << 20

func (r *Rescue) tell(end bool) {
	if end {
		r.progress.Total = r.progress.Bytes
	} else if r.progress.Bytes-r.reported < reportBytes {
		return
	}
	r.progress.Total = max(r.progress.Total, r.progress.Bytes)
	r.reported = r.progress.Bytes
	if r.o.Progress != nil {
		r.o.Progress(r.progress)
	}
}

// check returns the error that ends the rescue, if there is one.
func (r *Rescue) check() error {
	if r.progress.Rows%256 == 0 {
		if err := r.data.ctx.Err(); err != nil {
			return err
		}
	}
	return r.data.err
}

// Next moves to the next row.
func (r *Rescue) Next() bool {
	if !r.merger.next() {
		return false
	}
	s := r.merger.out
	r.progress.Rows++
	r.Report.Rows++
	s.found.Rows++
	if !s.found.Summed {
		r.Report.Unverified++
	}
	key := s.rec.key
	if s.rec.doubtful {
		r.Report.Doubtful.add(key, s.found.Name, "", true)
	}
	newer := ""
	if n := r.merger.stale; n != nil {
		newer = n.found.Name
	} else if s.dead || s.found.Guessed && r.merger.disagree {
		newer = "another segment"
	}
	if newer != "" {
		r.Report.Stale.add(key, s.found.Name, newer, !r.wasStale)
	}
	r.wasStale = newer != ""
	return true
}

// Err returns the error that ended the rows, nil at their end.
func (r *Rescue) Err() error {
	if r.merger.err != nil {
		return r.merger.err
	}
	return r.data.err
}

// Key returns the key of the current row.
func (r *Rescue) Key() []byte { return r.merger.out.rec.key }

// ValueLen returns the length of the current row's value.
func (r *Rescue) ValueLen() int { return r.merger.out.rec.valLen }

// Value hands out the current row's value in parts.
func (r *Rescue) Value(add func(part []byte) error) error { return r.merger.out.value(add) }

// Finish completes the report.
func (r *Rescue) Finish() *Report {
	rep := &r.Report
	for _, s := range rep.Sources {
		rep.Pages += s.Pages
		rep.PagesLost += s.PagesLost
	}
	rep.Unreadable = r.data.unreadable
	r.tell(true)
	return rep
}
