// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/inspect"
	"github.com/lsmlite/lsmlite-go/internal/wire"
)

// pages reads keys page by page and returns them all.
func pages(s *site, params ...string) (keys []string, numPages int) {
	s.t.Helper()
	after := ""
	for {
		p := slices.Clone(params)
		if after != "" {
			p = append(p, "after", after)
		}
		m := read[wire.KeysMessage](s, wire.Keys+query(p...))
		numPages++
		for _, k := range m.Keys {
			keys = append(keys, string(k.Key.Data))
		}
		if m.Next == "" {
			return keys, numPages
		}
		if numPages > 1000 {
			s.t.Fatal("the pages do not end")
		}
		after = m.Next
	}
}

func TestKeys(t *testing.T) {
	db := openEngine(t, engine.Options{})
	all := []string{"", "a", "b/1", "b/2", "b/20", "b/3", "c", "\xff", "\xff\xff", "\xff\xffx"}
	for _, k := range all {
		put(t, db, k, "value of "+k)
	}
	s := serve(t, inspect.Handler(db, inspect.Options{}))
	reversed := slices.Clone(all)
	slices.Reverse(reversed)
	for _, c := range []struct {
		name   string
		params []string
		want   []string
	}{
		{"all", nil, all},
		{"backward", []string{"reverse", "1"}, reversed},
		{"prefix", []string{"prefix", "b/2"}, []string{"b/2", "b/20"}},
		{"prefix backward", []string{"prefix", "b/", "reverse", "1"}, []string{"b/3", "b/20", "b/2", "b/1"}},
		{"prefix of 255 backward", []string{"prefix", "\xff\xff", "reverse", "1"}, []string{"\xff\xffx", "\xff\xff"}},
		{"no such prefix", []string{"prefix", "x"}, nil},
		{"from", []string{"from", "b/2"}, all[3:]},
		{"from backward", []string{"from", "b/2", "reverse", "1"}, []string{"b/2", "b/1", "a", ""}},
		{"from before the prefix", []string{"from", "a", "prefix", "b/2"}, []string{"b/2", "b/20"}},
		{"from after the prefix, backward", []string{"from", "c", "prefix", "b/2", "reverse", "1"}, []string{"b/20", "b/2"}},
		{"find", []string{"find", "2"}, []string{"b/2", "b/20"}},
	} {
		for _, limit := range []string{"1", "2", "3", "100"} {
			got, _ := pages(s, append(c.params, "limit", limit)...)
			if !slices.Equal(got, c.want) {
				t.Errorf("%s, %s a page: %q, want %q", c.name, limit, got, c.want)
			}
		}
	}
	if _, n := pages(s, "limit", "5"); n != 2 {
		t.Errorf("10 keys at 5 a page are %d pages", n)
	}
	m := read[wire.KeysMessage](s, wire.Keys+query("prefix", "b/3"))
	if v := m.Keys[0]; string(v.Value.Data) != "value of b/3" || v.ValueLen != 12 || m.More != "" {
		t.Errorf("%+v", m)
	}
}

// TestLongKeys: keys beyond what fits into an address are cut, and still lead to their values and
// to the next page.
func TestLongKeys(t *testing.T) {
	db := openEngine(t, engine.Options{})
	long := repeated("k", 5000)
	var want []string
	for i := range 6 {
		want = append(want, long+fmt.Sprint(i))
		put(t, db, want[i], fmt.Sprint("value ", i))
	}
	s := serve(t, inspect.Handler(db, inspect.Options{}))
	var refs []string
	for after := ""; ; {
		m := read[wire.KeysMessage](s, wire.Keys+query("limit", "2", "after", after))
		for _, k := range m.Keys {
			if len(k.Key.Data) != inspect.DefaultCellBytes || k.Key.Len != len(long)+1 {
				t.Fatalf("a key of %d bytes is shown with %d, and said to have %d", len(long)+1, len(k.Key.Data), k.Key.Len)
			}
			refs = append(refs, k.Ref)
		}
		if after = m.Next; after == "" {
			break
		}
	}
	if len(refs) != len(want) {
		t.Fatalf("%d keys, want %d", len(refs), len(want))
	}
	for i, ref := range refs {
		if a := s.get(wire.Value + query("ref", ref)); a.body != fmt.Sprint("value ", i) {
			t.Errorf("key %d: %d %s", i, a.status, a.body)
		}
	}
	must(t, db.Update(t.Context(), func(tx *engine.Tx) error { return tx.Delete([]byte(want[3])) }))
	s.want("a deleted key", s.get(wire.Value+query("ref", refs[3])), http.StatusGone, "not there any more")
	s.want("a ref that is none", s.get(wire.Value+query("ref", "nonsense")), http.StatusBadRequest, "names no key")
	s.want("a ref that is none", s.get(wire.Keys+query("after", "!")), http.StatusBadRequest, "names no key")
	s = serve(t, inspect.Handler(db, inspect.Options{Limits: inspect.Limits{ScanRows: 2}}))
	s.want("a ref that takes long", s.get(wire.Value+query("ref", refs[3])), http.StatusRequestEntityTooLarge, "limit ScanRows")
}

func TestTree(t *testing.T) {
	db := openEngine(t, engine.Options{})
	put(t, db, "a", "", "log", "", "log/2024/1", "", "log/2024/2", "", "log/2025/1", "", "log0", "", "user/1", "", "user/10", "")
	putMany(t, db, 3000)
	s := serve(t, inspect.Handler(db, inspect.Options{}))
	show := func(params ...string) string {
		t.Helper()
		var all []string
		for after := ""; ; {
			m := read[wire.TreeMessage](s, wire.Tree+query(append(slices.Clone(params), "after", after)...))
			for _, n := range m.Nodes {
				text := fmt.Sprintf("%s %d", n.Name.Data, n.Count)
				if n.More {
					text += "+"
				}
				if n.Leaf {
					text += " leaf"
				}
				all = append(all, text)
			}
			if after = m.Next; after == "" {
				return strings.Join(all, ", ")
			}
		}
	}
	for _, c := range []struct {
		params []string
		want   string
	}{
		{nil, "a 1 leaf, key/ 1000+, log 1 leaf, log/ 3, log0 1 leaf, user/ 2"},
		{[]string{"prefix", "log/"}, "2024/ 2, 2025/ 1"},
		{[]string{"prefix", "log/2024/"}, "1 1 leaf, 2 1 leaf"},
		{[]string{"prefix", "user/"}, "1 1 leaf, 10 1 leaf"},
		{[]string{"prefix", "user/1"}, " 1 leaf, 0 1 leaf"},
		{[]string{"prefix", "user/1", "sep", ""}, " 1 leaf, 0 1"},
		{[]string{"sep", ""}, "a 1, k 1000+, l 5, u 2"},
	} {
		for _, limit := range []string{"1", "2", "200"} {
			if got := show(append(c.params, "limit", limit)...); got != c.want {
				t.Errorf("%q, %s a page:\n%s, want\n%s", c.params, limit, got, c.want)
			}
		}
	}
	s.want("a long separator", s.get(wire.Tree+query("sep", repeated("x", 17))), http.StatusBadRequest, "at most 16")
	s.want("a bad cursor", s.get(wire.Tree+query("after", "xa2E")), http.StatusBadRequest, "after")
}

func TestValue(t *testing.T) {
	db := openEngine(t, engine.Options{})
	long := repeated("0123456789", 1000)
	put(t, db, "k", long, "empty", "", "\xff\x00", "binary <script>alert(1)</script>")
	s := serve(t, inspect.Handler(db, inspect.Options{Limits: inspect.Limits{ResponseBytes: 4000}}))
	a := s.get(wire.Value + query("key", "\xff\x00"))
	s.want("a binary key", a, http.StatusOK, "binary <script>")
	if a.header.Get("Content-Type") != "application/octet-stream" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a value is served as %v", a.header)
	}
	s.want("the empty value", s.get(wire.Value+query("key", "empty")), http.StatusOK, "")
	s.want("no such key", s.get(wire.Value+query("key", "x")), http.StatusNotFound, "no such key")
	s.want("no key", s.get(wire.Value), http.StatusBadRequest, "missing")
	s.want("a long value", s.get(wire.Value+query("key", "k")), http.StatusRequestEntityTooLarge, "limit ResponseBytes")
	for _, c := range []struct{ offset, length, want string }{
		{"0", "3", "012"}, {"9998", "100", "89"}, {"20000", "5", ""}, {"5", "4", "5678"}, {"0", "999999", long[:4000]}, {"9000", "", long[9000:]},
	} {
		a := s.get(wire.Value + query("key", "k", "offset", c.offset, "length", c.length))
		if c.length == "" {
			a = s.get(wire.Value + query("key", "k", "offset", c.offset))
		}
		if a.body != c.want || a.header.Get(wire.HeaderLen) != "10000" {
			t.Errorf("%s bytes from %s: %q of %s", c.length, c.offset, a.body, a.header.Get(wire.HeaderLen))
		}
	}
	a = s.get(wire.Value + query("key", "k", "download", "1"))
	if a.body != long || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("a download of %d bytes, %v", len(a.body), a.header)
	}
	for _, bad := range []string{"-1", "x", "1e9"} {
		s.want("a bad offset", s.get(wire.Value+query("key", "k", "offset", bad)), http.StatusBadRequest, "offset")
	}
}
