// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/inspect"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// TestLook reads every resource that describes the database.
func TestLook(t *testing.T) {
	db := openEngine(t, engine.Options{AutoFlush: 1 << 20})
	putMany(t, db, 5000)
	must(t, db.Flush(t.Context()))
	put(t, db, "k", "v")
	s := serve(t, inspect.Handler(db, inspect.Options{Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "metrics_of_the_program 1")
	})}))
	info := read[wire.InfoMessage](s, wire.Info)
	if info.Path != "/data/my.lsm" || info.Write || info.ReadOnly || info.PageSize != 4096 || info.AutoFlush != 1<<20 || !info.Metrics ||
		info.Limits.Rows != inspect.DefaultRows || info.Limits.StatementTime != inspect.DefaultStatementTime || info.Latencies || info.CSRF != "" {
		t.Errorf("%+v", info)
	}
	if stats := read[engine.Stats](s, wire.Stats); stats.Commits != 2 || stats.Segments != 1 || stats.FileBytes == 0 {
		t.Errorf("%+v", stats)
	}
	structure := read[wire.StructureMessage](s, wire.Structure)
	if len(structure.Levels) != 1 || structure.LiveBytes == 0 {
		t.Errorf("%+v", structure)
	}
	layout := read[engine.Layout](s, wire.Layout)
	if len(layout.Segments) != 1 || len(layout.Extents) == 0 || string(layout.Segments[0].FirstKey.Bytes) != "key/000000" {
		t.Errorf("%+v", layout)
	}
	segment := structure.Levels[0].Segments[0]
	page := read[wire.PageMessage](s, wire.Page+fmt.Sprint("?n=", segment.First))
	if page.Page != segment.First || len(page.Cells) == 0 || string(page.Cells[0].Key.Data) != "key/000000" || page.Check != "good" {
		t.Errorf("%+v", page)
	}
	s.want("the page as text", s.get(wire.Page+fmt.Sprint("?text=1&n=", segment.First)), http.StatusOK, "key/000000")
	s.want("no such page", s.get(wire.Page+"?n=99999999"), http.StatusNotFound, "no page 99999999")
	for _, text := range []string{"", "&text=1"} {
		s.want("a page of no segment", s.get(wire.Page+"?n=2"+text), http.StatusNotFound, "that of the meta pages")
	}
	s.want("page 0", s.get(wire.Page+"?n=0"), http.StatusBadRequest, "from 1")
	s.want("no page", s.get(wire.Page), http.StatusBadRequest, "n is missing")
	if log := read[wire.LogMessage](s, wire.Log); len(log.Regions) == 0 || log.LogBytes == 0 {
		t.Errorf("%+v", log)
	}
	snapshot, err := db.Snapshot(t.Context())
	must(t, err)
	defer snapshot.Close()
	if pins := read[engine.PinReport](s, wire.Pins); len(pins.Pins) != 1 || pins.Pins[0].Count != 1 {
		t.Errorf("%+v", pins)
	}
	s.want("metrics", s.get(wire.Metrics), http.StatusOK, "metrics_of_the_program 1")
	s.want("no metrics", serve(t, inspect.Handler(db, inspect.Options{})).get(wire.Metrics), http.StatusNotFound, "Options.Metrics")
}

// TestReadOnlyDatabase: Write does not make a database writable that is open for reading.
func TestReadOnlyDatabase(t *testing.T) {
	files := openEngine(t, engine.Options{})
	put(t, files, "k", "v")
	ro, err := engine.Open(t.Context(), "/data/my.lsm", engine.Options{FS: files.Options().FS, ReadOnly: true})
	must(t, err)
	defer ro.Close()
	s := serve(t, inspect.Handler(ro, inspect.Options{Write: true}))
	s.visit()
	if info := read[wire.InfoMessage](s, wire.Info); info.Write || !info.ReadOnly {
		t.Errorf("%+v", info)
	}
	s.want("put", s.do(http.MethodPost, wire.Put+"?key=k", "new"), http.StatusForbidden, "reading only")
	if m, status := s.postSQL("DELETE FROM kv"); status != http.StatusForbidden {
		t.Errorf("a DELETE: %d %+v", status, m)
	}
}

// TestOtherDrivers: a database of another driver is refused with its name.
func TestOtherDrivers(t *testing.T) {
	s := serve(t, inspect.Handler(openOther(t), inspect.Options{}))
	s.want("stats", s.get(wire.Stats), http.StatusInternalServerError, "not one of driver lsmlite")
}

// TestHistory: a recorder takes a sample a second, with the times of the commits in it, and keeps
// the last ten minutes of them.
func TestHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recorder := inspect.NewRecorder()
		db := openEngine(t, engine.Options{Observer: recorder.Observer()})
		h := inspect.Handler(db, inspect.Options{Recorder: recorder})
		history := func(since int64) (m wire.HistoryMessage) {
			must(t, wire.Unmarshal([]byte(answerOf(h, fmt.Sprint(wire.History, "?since=", since))), &m))
			return m
		}
		for range 50 {
			put(t, db, "k", "v")
			put(t, db, "k", "w")
			time.Sleep(500 * time.Millisecond)
		}
		m := history(0)
		if len(m.Samples) < 25 || len(m.Samples) > 26 {
			t.Fatalf("%d samples of 25 seconds", len(m.Samples))
		}
		last := m.Samples[len(m.Samples)-1]
		if last.Commits != 100 && last.Commits != 97 || last.Seq != m.Next {
			t.Errorf("%+v", last)
		}
		if mid := m.Samples[10]; mid.Timed != 4 || mid.Commits-m.Samples[9].Commits != 4 || mid.P50 > mid.P99 || mid.P99 > mid.Greatest {
			t.Errorf("%+v", mid)
		}
		if again := history(m.Next); len(again.Samples) > 1 {
			t.Errorf("%d samples are new after none", len(again.Samples))
		}
		for range 2 * inspect.HistorySamples {
			time.Sleep(time.Second)
			m = history(m.Next)
		}
		m = history(1 << 40) // of another process
		if len(m.Samples) != inspect.HistorySamples || m.Samples[0].Seq != m.Next-inspect.HistorySamples+1 {
			t.Errorf("%d samples are kept, from %d to %d", len(m.Samples), m.Samples[0].Seq, m.Next)
		}
		for i, s := range m.Samples[1:] {
			if s.Seq != m.Samples[i].Seq+1 || s.Unix <= m.Samples[i].Unix {
				t.Fatalf("sample %d is not after the one before: %+v", i+1, s)
			}
		}
		if idle := m.Samples[5]; idle.Timed != 0 || idle.P99 != 0 {
			t.Errorf("a sample of a second without commits: %+v", idle)
		}
	})
}

// TestRecorderOfPool: a recorder is given to a database of the driver.
func TestRecorderOfPool(t *testing.T) {
	recorder := inspect.NewRecorder()
	db := openSQL(t, lsmlite.Config{Observer: recorder.Observer()})
	_, err := db.Exec("INSERT INTO kv VALUES ('a', 'b')")
	must(t, err)
	s := serve(t, inspect.Handler(db, inspect.Options{Recorder: recorder}))
	m := read[wire.HistoryMessage](s, wire.History)
	if len(m.Samples) != 1 || m.Samples[0].Timed != 1 || m.Samples[0].Greatest == 0 || !read[wire.InfoMessage](s, wire.Info).Latencies {
		t.Errorf("%+v", m)
	}
}
