// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"errors"
	"net/http"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/picture"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// mayWrite reports whether requests may change the database.
func (in *Inspector) mayWrite(db database) bool { return in.options.Write && !db.Options().ReadOnly }

func (in *Inspector) serveInfo(q *request) error {
	o, l := q.db.Options(), in.limits
	return q.json(http.StatusOK, wire.InfoMessage{
		Path: q.db.Path(), ReadOnly: o.ReadOnly, Write: in.mayWrite(q.db),
		SignedIn: in.options.Token != "" && in.signedIn(q.signed), CSRF: in.csrf(q.signed),
		PageSize: o.PageSize, BlockSize: o.BlockSize, Compression: q.db.Compression(),
		Cipher: q.db.Encryption().Cipher, Safety: o.Safety.String(),
		AutoFlush: o.AutoFlush, AutoMerge: o.AutoMerge, CacheSize: o.CacheSize,
		Latencies: in.recorder.observes(), Metrics: in.options.Metrics != nil,
		Limits: wire.Limits{
			Rows: l.Rows, ResponseBytes: l.ResponseBytes, CellBytes: l.CellBytes, ScanRows: l.ScanRows,
			StatementTime: l.StatementTime, Statements: l.Statements, Checks: l.Checks, Backups: l.Backups,
		},
	})
}

func (in *Inspector) serveStats(q *request) error { return q.json(http.StatusOK, q.db.Stats()) }

func (in *Inspector) serveStructure(q *request) error {
	m := wire.StructureMessage{Levels: q.db.Structure(), FreeBlocks: q.db.FreeList()}
	m.OldBytes, m.LiveBytes = q.db.TreeSize()
	return q.json(http.StatusOK, m)
}

func (in *Inspector) serveLayout(q *request) error {
	ctx, cancel := in.timed(q)
	defer cancel()
	layout, err := q.db.Layout(ctx)
	if err != nil {
		return err
	}
	return q.json(http.StatusOK, layout)
}

// serveScene returns the picture of the layout as rectangles, lines and texts, or as a file.
func (in *Inspector) serveScene(q *request) error {
	ctx, cancel := in.timed(q)
	defer cancel()
	layout, err := q.db.Layout(ctx)
	if err != nil {
		return err
	}
	scene := picture.Draw(&layout)
	if !q.flag("svg") {
		return q.json(http.StatusOK, scene)
	}
	q.w.Header().Set("Content-Disposition", `attachment; filename="structure.svg"`)
	return q.file(http.StatusOK, "structure.svg", picture.SVG(scene))
}

func (in *Inspector) servePins(q *request) error {
	pins, err := q.db.Pins()
	if err != nil {
		return err
	}
	return q.json(http.StatusOK, pins)
}

func (in *Inspector) serveLog(q *request) error {
	var m wire.LogMessage
	for _, r := range q.db.LogStructure() {
		if r != (engine.LogRegion{}) {
			m.Regions = append(m.Regions, r)
		}
	}
	s := q.db.Stats()
	m.LogBytes, m.FileBytes = s.LogBytes, s.LogFileBytes
	return q.json(http.StatusOK, m)
}

// servePageOfFile shows a page of the file, as a message or as text.
func (in *Inspector) servePageOfFile(q *request) error {
	n, err := q.number("n", 0, 1, 1<<62)
	if err != nil {
		return err
	}
	if n == 0 {
		return refusef(http.StatusBadRequest, "n is missing: the number of a page; %s has the first page of each segment", wire.Structure)
	}
	if last := lastPage(q.db); n > last {
		return refusef(http.StatusNotFound, "the file has no page %d: the last one may be %d", n, last)
	}
	if q.flag("text") {
		text, err := q.db.PageDump(n)
		if err != nil {
			return noPage(err)
		}
		q.text(text)
		return nil
	}
	page, err := q.db.Page(n)
	if err != nil {
		return noPage(err)
	}
	m := wire.PageMessage{PageInfo: page}
	m.PageInfo.Cells = nil
	for _, c := range page.Cells {
		m.Cells = append(m.Cells, wire.PageCell{
			Offset: c.Offset, Kind: c.Kind, Pointer: c.Pointer, KeyPage: c.KeyPage, KeyLen: c.KeyLen, ValueLen: c.ValueLen,
			Key: wire.CutOf(c.Key, c.KeyLen, in.limits.CellBytes), Value: wire.CutOf(c.Value, c.ValueLen, in.limits.CellBytes),
		})
	}
	return q.json(http.StatusOK, m)
}

// noPage gives an error of a page that is none the status of what is missing.
func noPage(err error) error {
	if errors.Is(err, engine.ErrMisuse) {
		return refusef(http.StatusNotFound, "%s", err)
	}
	return err
}

// lastPage is the greatest number that a page of the file may have: of a compressed file it is an
// offset.
func lastPage(db database) int64 {
	o := db.Options()
	bytes := db.Stats().Blocks * int64(o.BlockSize)
	if db.CompressionID() > 1 {
		return bytes - 1
	}
	return bytes / int64(o.PageSize)
}

// text answers with a text.
func (q *request) text(text string) {
	q.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	q.answer(http.StatusOK, []byte(text))
}

func (in *Inspector) serveMetrics(q *request) error {
	if in.options.Metrics == nil {
		return refusef(http.StatusNotFound, "there are no metrics here: Options.Metrics is not set")
	}
	q.begun = true
	in.options.Metrics.ServeHTTP(q.w, q.r)
	return nil
}

// serveHistory returns the samples after one that the client knows.
func (in *Inspector) serveHistory(q *request) error {
	since, err := q.number("since", 0, 0, 1<<62)
	if err != nil {
		return err
	}
	in.recorder.sample(q.db.DB)
	return q.json(http.StatusOK, in.recorder.after(since))
}
