// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/crypt"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
)

var emptyPos = format.LogPos{Sum: format.EmptyLogSum}

// testKeys makes the logs of the tests encrypted; see TestEncrypted.
var testKeys *crypt.Keys

// recovering is Recover under testKeys.
func recovering(f File, from format.LogPos, apply applyFunc) (*Log, Recovered, error) {
	return Recover(f, from, testKeys, apply)
}

// newKeys makes keys of a file.
func newKeys(t testing.TB) *crypt.Keys {
	t.Helper()
	k, err := crypt.NewKeys(crypt.AESGCM, crypt.NewDataKey(), crypt.NewFileID())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newFile() *memFile { return &memFile{sector: 512} }

// load gives a record its value if that is long.
func load(r *format.LogRecord) error {
	if r.Load == nil {
		return nil
	}
	r.Value = make([]byte, r.ValueLen)
	return r.Load(r.Value)
}

func mustRecover(t testing.TB, f File, from format.LogPos) (*Log, Recovered, []string) {
	t.Helper()
	var got []string
	l, r, err := recovering(f, from, func(r format.LogRecord) error {
		if err := load(&r); err != nil {
			return err
		}
		got = append(got, fmt.Sprintf("%v %s %d", r.Op, r.Key, len(r.Value)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return l, r, got
}

func mustAppend(t testing.TB, l *Log, key string, valueLen int) {
	t.Helper()
	r := format.LogRecord{Op: format.LogWrite, Key: []byte(key), Value: randomBytes()[:valueLen]}
	if err := l.Append(r); err != nil {
		t.Fatal(err)
	}
}

// put commits a transaction of one write.
func put(t testing.TB, l *Log, key string, valueLen int) {
	t.Helper()
	l.Begin()
	mustAppend(t, l, key, valueLen)
	if err := l.Commit(false); err != nil {
		t.Fatal(err)
	}
}

// checkKeys recovers a copy of f and wants exactly the given keys, each written once.
func checkKeys(t testing.TB, f *memFile, from format.LogPos, keys ...string) Recovered {
	t.Helper()
	_, r, got := mustRecover(t, f.reopened(), from)
	var gotKeys []string
	for _, g := range got {
		gotKeys = append(gotKeys, strings.Fields(g)[1])
	}
	if fmt.Sprint(gotKeys) != fmt.Sprint(keys) {
		t.Fatalf("recovered %v, want %v (%+v)", gotKeys, keys, r)
	}
	return r
}

// wrapping returns a log of which all is checkpointed, so that the next transaction
// wraps it, and the position of that checkpoint.
func wrapping(t testing.TB) (*memFile, *Log, format.LogPos) {
	t.Helper()
	f := newFile()
	l, _, _ := mustRecover(t, f, emptyPos)
	put(t, l, "old", format.LogMinWrap)
	return f, l, l.End()
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
