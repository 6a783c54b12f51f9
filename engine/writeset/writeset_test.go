// SPDX-License-Identifier: Apache-2.0

package writeset_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/writeset"
)

// net shows the net effect of a view: ranges as a-b, deletes as !a, puts as a=v.
func net(v *writeset.View) string {
	var all []string
	for after, before := range v.Ranges() {
		all = append(all, fmt.Sprintf("%s-%s", after, before))
	}
	for key := range v.Deletes() {
		all = append(all, "!"+string(key))
	}
	for key, value := range v.Puts() {
		all = append(all, fmt.Sprintf("%s=%s", key, value))
	}
	return strings.Join(all, " ")
}

// run runs writes that are written in the same way, in order.
func run(s *writeset.Set, writes string) {
	for _, w := range strings.Fields(writes) {
		switch key, value, put := strings.Cut(w, "="); {
		case put:
			s.Put([]byte(key), []byte(value))
		case w[0] == '!':
			s.Delete([]byte(w[1:]))
		default:
			after, before, _ := strings.Cut(w, "-")
			s.DeleteRange([]byte(after), []byte(before))
		}
	}
}

func TestNetEffect(t *testing.T) {
	for writes, want := range map[string]string{
		"":                      "",
		"b=1 a=2 b=3":           "a=2 b=3",
		"a=1 !a":                "!a",
		"!a a=1":                "a=1",
		"!c !a !b":              "!a !b !c",
		"b=1 d=1 a-e":           "a-e",
		"a-e b=1":               "a-e b=1",
		"a-e b=1 !b":            "a-e",
		"a-c c-e":               "a-c c-e", // c itself is what it was
		"a-c c-e !c":            "a-e",
		"a-c c-e c=1":           "a-e c=1",
		"a-c b-e":               "a-e",
		"a-c d-f":               "a-c d-f",
		"a-d b-c":               "a-d",
		"a-b c=1 !d":            "a-b !d c=1",
		"a=1 a-c !c":            "a-c !c a=1",
		"e-a c-c":               "",
		"-b !":                  "-b !",
		"a-e b=1 c=2 b-d a-b":   "a-e b=1",
		"a-e c=1 !a !e b-d d=9": "a-e !a !e d=9",
	} {
		s := writeset.New()
		run(s, writes)
		v := s.Freeze()
		if got := net(v); got != want {
			t.Errorf("%q comes to %q, should be %q", writes, got, want)
		}
		v.Release()
		// Each part may stop in the middle.
		for range v.Ranges() {
			break
		}
		for range v.Deletes() {
			break
		}
		for range v.Puts() {
			break
		}
	}
}

// A view stays as it is, whatever is written and undone since, and marks bring back what was there.
func TestViewsAndMarks(t *testing.T) {
	s := writeset.New()
	run(s, "a=1 b=1")
	before := s.Freeze()
	m := s.Mark()
	run(s, "a-z !a c=2")
	inner := s.Mark()
	run(s, "x=9")
	within := s.Freeze()
	s.RollbackTo(inner)
	after := s.Freeze()
	s.RollbackTo(m)
	last := s.Freeze()
	for want, v := range map[string]*writeset.View{
		"a=1 b=1": before, "a-z !a c=2 x=9": within, "a-z !a c=2": after,
	} {
		if got := net(v); got != want {
			t.Errorf("shows %q, should be %q", got, want)
		}
	}
	if got := net(last); got != "a=1 b=1" {
		t.Errorf("after going back: %q", got)
	}
	for _, v := range []*writeset.View{last, before, after, within} {
		v.Release()
	}
	if value, fate := s.Get([]byte("a")); fate != writeset.Present || string(value) != "1" {
		t.Errorf("a: %q, %v", value, fate)
	}
	if _, fate := s.Get([]byte("c")); fate != writeset.Unknown {
		t.Errorf("c: %v", fate)
	}
}

// What views no longer need is used again: many states, each released, take no more memory than a few.
func TestReleasedViewsCostNothing(t *testing.T) {
	s := writeset.New()
	for i := range 1000 {
		s.Put(fmt.Appendf(nil, "%04d", i), nil)
	}
	held := s.Freeze() // of the beginning: kept, and harmless
	write := func(n int) {
		for i := range n {
			if key := fmt.Appendf(nil, "%04d", i*7%1000); i/1000%2 == 0 {
				s.Delete(key)
			} else {
				s.Put(key, nil)
			}
			s.Freeze().Release()
		}
	}
	write(1000)
	small := s.Footprint()
	write(20_000)
	if big := s.Footprint(); big > 4*small {
		t.Errorf("%d bytes after 1,000 states, %d after 21,000", small, big)
	}
	n := 0
	for range held.Puts() {
		n++
	}
	if n != 1000 {
		t.Errorf("the oldest view has %d rows", n)
	}
	held.Release()
}
