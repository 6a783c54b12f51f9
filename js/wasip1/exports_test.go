// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestLibrary goes through the functions in the order in which a program of C would call them, and reads the file
// natively at the end.
func TestLibrary(t *testing.T) {
	h := newHost(t)
	l := h.library()
	db := l.open("c.lsm", configMultipleProcesses, 0, configSafety, 2, configAutoFlush, 64)
	for i := range 300 {
		l.insert(db, fmt.Sprintf("key/%03d", i), strings.Repeat("v", i))
	}
	l.ok("lsm_delete", db, l.give("key/000"), 7)
	l.ok("lsm_delete_range", db, l.give("key/010"), 7, l.give("key/290"), 7)

	csr, at, n := l.give("...."), l.give("...."), l.give("....")
	l.ok("lsm_csr_open", db, csr)
	c := l.number(csr)
	var keys []string
	for code := l.call("lsm_csr_first", c); code == 0 && l.call("lsm_csr_valid", c) == 1; code = l.call("lsm_csr_next", c) {
		l.ok("lsm_csr_key", c, at, n)
		keys = append(keys, l.take(at, n))
	}
	var want []string
	for i := range 300 {
		if i > 0 && i <= 10 || i >= 290 {
			want = append(want, fmt.Sprintf("key/%03d", i))
		}
	}
	if !slices.Equal(keys, want) {
		t.Errorf("the cursor shows %q", keys)
	}
	for _, s := range []struct {
		key  string
		mode int32
		want string
	}{{"key/010", 0, "key/010"}, {"key/100", 0, ""}, {"key/100", 1, "key/290"}, {"key/100", -1, "key/010"}, {"key/0", -1, ""}} {
		l.ok("lsm_csr_seek", c, l.give(s.key), uint64(len(s.key)), uint64(uint32(s.mode)))
		if valid := l.call("lsm_csr_valid", c) == 1; valid != (s.want != "") {
			t.Errorf("seek %s %d: valid %t", s.key, s.mode, valid)
		} else if valid {
			l.ok("lsm_csr_key", c, at, n)
			if got := l.take(at, n); got != s.want {
				t.Errorf("seek %s %d: %s, want %s", s.key, s.mode, got, s.want)
			}
		}
	}
	l.ok("lsm_csr_last", c)
	l.ok("lsm_csr_value", c, at, n)
	if v := l.take(at, n); v != strings.Repeat("v", 299) {
		t.Errorf("the last value is %q", v)
	}
	l.ok("lsm_csr_cmp", c, l.give("key/3"), 5, n)
	if cmp := int32(l.number(n)); cmp >= 0 {
		t.Errorf("the last key compares as %d with key/3", cmp)
	}
	l.ok("lsm_csr_prev", c)
	l.ok("lsm_csr_key", c, at, n)
	if k := l.take(at, n); k != "key/298" {
		t.Errorf("before the last key is %s", k)
	}
	l.refuses(int32(engine.CodeMisuse), "lsm_close", db) // a cursor is open
	l.ok("lsm_csr_close", c)

	// Nested transactions, with the levels of lsm.h.
	l.ok("lsm_begin", db, 1)
	l.insert(db, "tx/1", "a")
	l.ok("lsm_begin", db, 2)
	l.insert(db, "tx/2", "b")
	l.ok("lsm_rollback", db, 2)
	l.insert(db, "tx/3", "c")
	l.ok("lsm_commit", db, 1)
	l.refuses(int32(engine.CodeMisuse), "lsm_close", db) // a transaction is open
	l.ok("lsm_commit", db, 0)
	l.ok("lsm_begin", db, 1)
	l.insert(db, "tx/4", "d")
	l.refuses(int32(engine.CodeMisuse), "lsm_flush", db) // it would wait for the transaction
	l.refuses(int32(engine.CodeMisuse), "lsm_work", db, 1, uint64(uint32(0xffffffff)), n)
	l.ok("lsm_rollback", db, 0)

	l.ok("lsm_flush", db)
	l.ok("lsm_work", db, 1, uint64(uint32(0xffffffff)), n)
	l.ok("lsm_checkpoint", db, n)
	l.ok("lsm_close", db)

	e, err := engine.Open(t.Context(), h.path("c.lsm"), engine.Options{MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for p := range e.Check(t.Context()) {
		t.Errorf("natively: %v", p)
	}
	for key, there := range map[string]bool{"tx/1": true, "tx/2": false, "tx/3": true, "tx/4": false, "key/010": true, "key/011": false} {
		if _, found, err := e.Get(nil, []byte(key)); err != nil || found != there {
			t.Errorf("natively %s is found: %t: %v", key, found, err)
		}
	}
}

// TestLibraryRefuses: wrong handles, pointers, lengths and files are errors with lsm.h's codes, and the module goes
// on.
func TestLibraryRefuses(t *testing.T) {
	h := newHost(t)
	l := h.library()
	const misused = int32(engine.CodeMisuse)
	at := l.give("....")
	l.refuses(misused, "lsm_new", 0, 0)
	l.refuses(misused, "lsm_open", 77, at)
	l.refuses(misused, "lsm_csr_first", 77)
	l.refuses(0, "lsm_csr_close", 0)
	l.ok("lsm_new", 0, at)
	db := l.number(at)
	l.refuses(misused, "lsm_insert", db, l.give("k"), 1, l.give("v"), 1) // not open yet
	l.refuses(misused, "lsm_open", db, 0)
	l.refuses(int32(engine.CodeProtocol), "lsm_open", db, l.give("/data/x.lsm\x00"))
	if m := l.message(db); !strings.Contains(m, "x.lsm") {
		t.Errorf("the message is %q", m)
	}
	if _, err := os.Stat(h.path("x.lsm")); err == nil {
		t.Error("a refused lsm_open has left a file")
	}
	l.refuses(misused, "lsm_config", db, 99, at)
	v := l.give("\x00\x00\x00\x00")
	l.ok("lsm_config", db, configMultipleProcesses, v)
	l.refuses(int32(engine.CodeCantOpen), "lsm_open", db, l.give("/nowhere/x.lsm\x00"))
	l.ok("lsm_open", db, l.give("/data/x.lsm\x00"))
	l.refuses(misused, "lsm_config", db, configMultipleProcesses, v) // only before lsm_open
	l.refuses(misused, "lsm_insert", db, 0, 4, at, 1)
	l.refuses(misused, "lsm_insert", db, at, uint64(uint32(0xffffffff)), at, 1)
	l.insert(db, "k", "v")

	// Another connection of the same module to the same file.
	l.ok("lsm_new", 0, at)
	second := l.number(at)
	l.ok("lsm_config", second, configMultipleProcesses, v)
	l.refuses(int32(engine.CodeBusy), "lsm_open", second, l.give("/data/x.lsm\x00"))
	l.ok("lsm_close", second)
	l.refuses(misused, "lsm_close", second) // closed already

	l.ok("lsm_csr_open", db, at)
	csr := l.number(at)
	l.refuses(misused, "lsm_csr_key", csr, at, at) // on no key
	l.refuses(misused, "lsm_csr_seek", csr, l.give("k"), 1, 9)
	l.ok("lsm_csr_seek", csr, l.give("k"), 1, uint64(uint32(0xfffffffe)))
	l.ok("lsm_csr_key", csr, at, l.give("...."))
	l.refuses(misused, "lsm_csr_value", csr, at, l.give("....")) // after LSM_SEEK_LEFAST
	l.ok("lsm_csr_close", csr)
	l.refuses(misused, "lsm_csr_first", csr)
	l.refuses(misused, "lsm_begin", db, maxLevel+1)
	l.ok("lsm_close", db)
	if p := l.call("lsm_malloc", 0, maxMemoryForTest+1); p != 0 {
		t.Error("lsm_malloc gives more than its limit")
	}
}

// maxMemoryForTest is maxMemory of the module, which this machine does not compile.
const maxMemoryForTest = 1 << 30

// TestLibraryForgetsMemory: what the host frees can be given again.
func TestLibraryForgetsMemory(t *testing.T) {
	l := newHost(t).library()
	for range 20 {
		p := uint64(uint32(l.call("lsm_malloc", 0, 64<<20)))
		if p == 0 {
			t.Fatal("no memory is left, although all was freed")
		}
		l.call("lsm_free", 0, p)
	}
	if size := l.m.Memory().Size(); size > 1<<30 {
		t.Errorf("the module has %d bytes", size)
	}
}

// TestExportsAreListed compares the functions of docs/javascript.md with those that are exported.
func TestExportsAreListed(t *testing.T) {
	raw, err := os.ReadFile("exports.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/javascript.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^//go:wasmexport (\w+)$`).FindAllStringSubmatch(string(raw), -1)
	if len(found) < 20 {
		t.Fatalf("only %d exports", len(found))
	}
	for _, m := range found {
		if !strings.Contains(string(page), "`"+m[1]+"`") {
			t.Errorf("the page does not have %s", m[1])
		}
	}
}
