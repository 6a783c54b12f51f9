// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

func marshal(t *testing.T, v any) string {
	t.Helper()
	raw, err := wire.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(raw) {
		t.Fatalf("not JSON: %s", raw)
	}
	return string(raw)
}

// TestForms shows what each kind of value is as JSON.
func TestForms(t *testing.T) {
	type inner struct{ PagesRead int }
	for want, v := range map[string]any{
		`"user/1"`:                       wire.Cut([]byte("user/1"), 10),
		`{"text":"user","len":6}`:        wire.Cut([]byte("user/1"), 4),
		`{"text":"a","len":3}`:           wire.Cut([]byte("aé"), 2),
		`{"hex":"ff00","len":2}`:         wire.Cut([]byte{0xff, 0}, 2),
		`{"hex":"ff","len":2}`:           wire.Cut([]byte{0xff, 0}, 1),
		`""`:                             wire.Cut(nil, 1),
		`"\u003cb\u003e"`:                wire.Cut([]byte("<b>"), 9),
		`0.25`:                           250 * time.Millisecond,
		`[]`:                             []int(nil),
		`[null,{"pages_read":3}]`:        []*inner{nil, {3}},
		`[1,9007199254740991]`:           []wire.Cell{{V: int64(1)}, {V: int64(1<<53 - 1)}},
		`{"int":"9007199254740992"}`:     wire.Cell{V: int64(1 << 53)},
		`{"int":"18446744073709551615"}`: wire.Cell{V: uint64(math.MaxUint64)},
		`3.0`:                            wire.Cell{V: 3.0},
		`{"real":"-Inf"}`:                wire.Cell{V: math.Inf(-1)},
		`[null,"x"]`:                     []wire.Cell{{}, {V: wire.Cut([]byte("x"), 1)}},
		`{"levels":[],"free_blocks":[],"live_bytes":1,"old_bytes":0}`: wire.StructureMessage{LiveBytes: 1},
	} {
		if got := marshal(t, v); got != want {
			t.Errorf("%#v: %s, want %s", v, got, want)
		}
	}
}

// TestRoundTrips: what was written is read as it was.
func TestRoundTrips(t *testing.T) {
	stats := engine.Stats{Commits: 1, CheckpointAge: 1234567 * time.Microsecond, WriteAmplification: 1.5, Poisoned: true, Levels: 3}
	again(t, stats)
	again(t, wire.StructureMessage{
		Levels:     []engine.LevelInfo{{Age: 2, Segments: []engine.SegmentInfo{{Role: engine.RoleRun, First: 5, Last: 9, Root: 7, Pages: 4}}}},
		FreeBlocks: []engine.FreeBlock{{Block: 3, ID: 9}},
	})
	again(t, wire.CheckLine{Problem: &engine.Problem{File: "x", Offset: -1, Detail: "d"}, Time: time.Second})
	again(t, wire.SQLMessage{Statements: []wire.Statement{{
		Columns: []string{"a"}, Affected: -1, Explain: [][]wire.Cell{},
		Rows: [][]wire.Cell{{{V: nil}, {V: int64(math.MinInt64)}, {V: 0.5}, {V: 3.0}, {V: math.Inf(1)}, {V: uint64(math.MaxUint64)},
			{V: wire.Cut([]byte{0xff}, 1)}, {V: wire.Cut([]byte("ab"), 1)}, {V: wire.Cut([]byte("ab"), 2)}}},
	}}})
	again(t, engine.PageInfo{Page: 3, Cells: []engine.CellInfo{{Kind: "insert", Key: []byte{0, 0xff}, Value: []byte("v")}}})
}

func again[T any](t *testing.T, v T) {
	t.Helper()
	var got T
	text := marshal(t, v)
	if err := wire.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if !reflect.DeepEqual(got, v) {
		t.Errorf("%s:\n%#v, want\n%#v", text, got, v)
	}
}

// TestNamesOfStats: every counter has the name that PRAGMA stats gives it.
func TestNamesOfStats(t *testing.T) {
	text := marshal(t, engine.Stats{})
	for _, name := range []string{`"commits":`, `"pages_read_miss":`, `"checkpoint_age":0`, `"write_amplification":0`, `"moved":false`} {
		if !strings.Contains(text, name) {
			t.Errorf("%s is missing in %s", name, text)
		}
	}
}

// TestStrangeInput: what a server of another kind may send is an error, not a panic.
func TestStrangeInput(t *testing.T) {
	for _, raw := range []string{``, `[`, `{"statements":3}`, `{"statements":[{"rows":[[{}]]}]}`, `{"statements":[{"rows":[["x",{"hex":"0"}]]}]}`,
		`{"statements":[{"rows":[[1e999]]}]}`, `{"statements":[{"time":"x"}]}`, `{"error":[]}`} {
		var m wire.SQLMessage
		if err := wire.Unmarshal([]byte(raw), &m); err == nil {
			t.Errorf("%q was read as %+v", raw, m)
		}
	}
	if err := wire.Unmarshal([]byte(`{}`), wire.SQLMessage{}); err == nil {
		t.Error("a struct was taken where a pointer is needed")
	}
	var m wire.InfoMessage
	if err := wire.Unmarshal([]byte(`{"path":"x","of_a_newer_version":[1]}`), &m); err != nil || m.Path != "x" {
		t.Errorf("a name that is not known: %+v, %v", m, err)
	}
}
