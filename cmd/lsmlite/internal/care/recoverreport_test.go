// SPDX-License-Identifier: Apache-2.0

package care

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestReportText shows all that a report may say.
func TestReportText(t *testing.T) {
	r := engine.RecoverReport{
		Rows: 1200, Unverified: 3, Scanned: true, Older: true, Unreadable: 4096, Unknown: 10, Pages: 30, PagesLost: 2, NumLost: 2,
		Sources: []engine.RecoverSource{
			{Name: "log", Rows: 7},
			{Name: "segment 1", First: 3, Pages: 20, PagesLost: 2, Rows: 1193, Guessed: true},
			{Name: "segment 2", First: 40, Pages: 10},
		},
		Log:      engine.RecoverLog{Found: true, Torn: true, Missing: true, DamagedAt: 4711, LostBytes: 100, After: 1},
		Lost:     []engine.RecoverGap{{Before: []byte("b"), Source: "segment 1"}, {After: []byte{0, 0xff}, Source: "segment 1"}},
		Stale:    engine.RecoverRanges{Rows: 1, Ranges: []engine.RecoverRange{{From: []byte("a"), To: []byte("a"), Rows: 1, Source: "segment 2", Newer: "segment 1"}}},
		Doubtful: engine.RecoverRanges{Rows: 20},
		Problems: []string{"meta page 1 is damaged"},
	}
	for i := range 12 {
		key := fmt.Appendf(nil, "k%02d", i)
		r.Doubtful.Ranges = append(r.Doubtful.Ranges, engine.RecoverRange{From: key, To: key, Rows: 2, Source: "log"})
	}
	var out strings.Builder
	ok(t, printReport(&out, "old.lsm", "new.lsm", &r))
	const want = `new.lsm: 1200 rows from old.lsm
No checkpoint was used: all pages of the file were looked at, and segments put in order by what they say.
A newer checkpoint may be lost: every row may be older than the newest.
4096 bytes of the file could not be read.
10 bytes of the file are neither empty nor understood.
From pages without page sums, which C lsm1 wrote: 3 rows. Damage inside values there is not noticed.
Rows come from, newest first:
    log: 7 rows
    segment 1: 1193 rows of 20 pages, 2 lost; its age is likely, not certain
    and 1 more, all of whose rows are older or deleted
There should be transactions in the log, and it has none: every row may be older than the newest.
The log is damaged at byte 4711: 100 bytes were passed over, with 1 transaction after them.
It ends with something that is no transaction: one that was not committed, as a crash leaves it, or damage.
Pages lost: 2 of 30.
Records are missing in 2 stretches of keys:
    after the beginning and before b, in segment 1
    after x'00ff' and before the end, in segment 1
May be older than the newest, or deleted: 1 row:
    a to a, 1 row from segment 2; newer records may have been in segment 1
With a page of zeros in the value, which may have been written over: 20 rows:
    k00 to k00, 2 rows from log
    k01 to k01, 2 rows from log
    k02 to k02, 2 rows from log
    k03 to k03, 2 rows from log
    k04 to k04, 2 rows from log
    k05 to k05, 2 rows from log
    k06 to k06, 2 rows from log
    k07 to k07, 2 rows from log
    k08 to k08, 2 rows from log
    k09 to k09, 2 rows from log
    and 2 more; --json lists them
Also: meta page 1 is damaged
Something is missing or may be stale. Keep old.lsm and its log.
`
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
}

// TestReportVerdict: what ends a report says no more than is known.
func TestReportVerdict(t *testing.T) {
	whole := engine.RecoverReport{Log: engine.RecoverLog{Found: true, DamagedAt: -1}}
	torn, damaged := whole, whole
	torn.Log.Torn = true
	damaged.Log.Torn, damaged.Log.DamagedAt = true, 100
	for _, c := range []struct {
		report engine.RecoverReport
		want   string
	}{
		{whole, "\nNothing is missing.\n"},
		{torn, "\nNothing else is missing. If the log ends in damage, commits after that place may be: keep old.lsm and its log.\n"},
		{damaged, "\nSomething is missing or may be stale. Keep old.lsm and its log.\n"},
	} {
		var out strings.Builder
		ok(t, printReport(&out, "old.lsm", "new.lsm", &c.report))
		if !strings.HasSuffix(out.String(), c.want) {
			t.Errorf("%s\nwant at the end%s", out.String(), c.want)
		}
	}
}

// TestReportJSON holds that every field of a report changes its JSON.
func TestReportJSON(t *testing.T) {
	document := func(r *engine.RecoverReport) string {
		raw, err := json.Marshal(reportJSON("a", "b", r))
		ok(t, err)
		return string(raw)
	}
	empty := document(&engine.RecoverReport{})
	for _, path := range fieldsOf(reflect.TypeFor[engine.RecoverReport](), nil) {
		var r engine.RecoverReport
		fill(reflect.ValueOf(&r).Elem(), path)
		if document(&r) == empty {
			t.Errorf("the JSON lacks %v", path)
		}
	}
}

// fieldsOf lists the paths to all fields, those of structs in it and of elements of slices included.
func fieldsOf(typ reflect.Type, at []int) (paths [][]int) {
	for typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct {
		return [][]int{at}
	}
	for i := range typ.NumField() {
		paths = append(paths, fieldsOf(typ.Field(i).Type, append(at[:len(at):len(at)], i))...)
	}
	return paths
}

// fill sets the field at a path to something that is not zero.
func fill(v reflect.Value, path []int) {
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct {
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		v = v.Index(0)
	}
	if len(path) > 0 {
		fill(v.Field(path[0]), path[1:])
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("text")
	case reflect.Slice:
		e := reflect.MakeSlice(v.Type(), 1, 1)
		if e.Index(0).Kind() == reflect.String {
			e.Index(0).SetString("text")
		} else {
			e.Index(0).SetUint('x')
		}
		v.Set(e)
	default:
		v.SetInt(7)
	}
}
