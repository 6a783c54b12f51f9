// SPDX-License-Identifier: Apache-2.0

package cover

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// code is a package whose functions run in part.
const code = `package x

var table = func(n int) int {
	return n
}

type set[T any] struct{}

func (s *set[T]) add(n int) int {
	if n > 0 {
		n++
	} else if n < 0 {
		n--
		n--
	}
	f := func() int { return n }
	if n == 7 { // runs
		return f()
	}
	return 0
}

func never() {
	println()
}

func empty() {
}
`

// profile is of code: all but n--, return 0, the inner function and never have run.
const profile = `mode: set
github.com/lsmlite/lsmlite-go/engine/x/x.go:3.29,5.2 1 1
github.com/lsmlite/lsmlite-go/engine/x/x.go:9.33,10.11 1 1
github.com/lsmlite/lsmlite-go/engine/x/x.go:10.11,12.3 1 1
github.com/lsmlite/lsmlite-go/engine/x/x.go:12.8,12.18 1 1
github.com/lsmlite/lsmlite-go/engine/x/x.go:12.18,15.3 2 0
github.com/lsmlite/lsmlite-go/engine/x/x.go:16.2,16.18 1 1
github.com/lsmlite/lsmlite-go/engine/x/x.go:16.18,16.30 1 0
github.com/lsmlite/lsmlite-go/engine/x/x.go:17.2,17.12 1 1
github.com/lsmlite/lsmlite-go/engine/x/x.go:17.12,19.3 1 1
github.com/lsmlite/lsmlite-go/engine/x/x.go:20.2,20.10 1 0
github.com/lsmlite/lsmlite-go/engine/x/x.go:23.14,25.2 1 0
github.com/lsmlite/lsmlite-go/engine/x/x.go:27.14,28.2 0 0
github.com/lsmlite/lsmlite-go/internal/sim/sim.go:1.1,2.2 5 0
`

func write(t *testing.T, root, name, text string) {
	t.Helper()
	name = filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// measured is what profiles say of code.
func measured(t *testing.T, profiles ...string) (*Result, string) {
	t.Helper()
	root := t.TempDir()
	write(t, root, "engine/x/x.go", code)
	p := make(Profile)
	for _, text := range profiles {
		if err := p.Add(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Measure(root, p)
	if err != nil {
		t.Fatal(err)
	}
	return r, root
}

func TestMeasure(t *testing.T) {
	r, root := measured(t, profile)
	want := []Function{
		{Name: "table", Count: Count{1, 1, 1, 1}},
		{Name: "(*set).add", Count: Count{10, 6, 9, 5}}, // lines 10–14, 16–18 and 20; of 16 the inner statement has not run
		{Name: "never", Count: Count{1, 0, 1, 0}},
	}
	if len(r.Packages) != 1 || r.Packages[0].Folder != "engine/x" || len(r.Packages[0].Functions) != len(want) {
		t.Fatalf("got %+v", r)
	}
	for i, f := range r.Packages[0].Functions {
		if f.Name != want[i].Name || f.Count != want[i].Count {
			t.Errorf("function %d is %s %+v, want %s %+v", i, f.Name, f.Count, want[i].Name, want[i].Count)
		}
	}
	if r.Total != (Count{12, 7, 11, 6}) || r.Packages[0].Count != r.Total {
		t.Errorf("total %+v, of the package %+v", r.Total, r.Packages[0].Count)
	}
	var out strings.Builder
	if err := PrintMissing(&out, root, r); err != nil {
		t.Fatal(err)
	}
	PrintTable(&out, r)
	if got, want := out.String(), `engine/x (*set).add 4
    engine/x/x.go:12 } else if n < 0 { n--
    engine/x/x.go:16 f := func() int { return n }
    engine/x/x.go:20 return 0
engine/x never 1: no statement has run (engine/x/x.go:23)
| package | lines | run | statements | run |
| --- | --: | --: | --: | --: |
| engine/x | 11 | 54.5 % | 12 | 58.3 % |
| all | 11 | 54.5 % | 12 | 58.3 % |
`; got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
}

// TestProfilesAddUp wants what ran in any profile, also after writing and reading it again.
func TestProfilesAddUp(t *testing.T) {
	more := "mode: atomic\ngithub.com/lsmlite/lsmlite-go/engine/x/x.go:20.2,20.10 1 17\n"
	p := make(Profile)
	for _, text := range []string{profile, more, profile} {
		if err := p.Add(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	var kept strings.Builder
	if err := p.Write(&kept); err != nil {
		t.Fatal(err)
	}
	r, _ := measured(t, kept.String())
	if r.Total != (Count{12, 8, 11, 7}) {
		t.Errorf("total %+v", r.Total)
	}
}

func TestWrongProfiles(t *testing.T) {
	for _, text := range []string{"engine/x.go", "engine/x.go:1,2 3", "\n"} {
		if err := make(Profile).Add(strings.NewReader(text)); err == nil {
			t.Errorf("%q is read", text)
		}
	}
	root := t.TempDir()
	write(t, root, "engine/x/x.go", "package x\n")
	p := make(Profile)
	if err := p.Add(strings.NewReader(profile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Measure(root, p); err == nil || !strings.Contains(err.Error(), "other sources") {
		t.Errorf("a profile of other sources: %v", err)
	}
	if _, err := Measure(t.TempDir(), p); err == nil {
		t.Error("no error without sources")
	}
}

const list = `# A comment.

reason broken: A guard.

engine/x (*set).add 4 broken
engine/x never 1: It is not called.
`

func TestList(t *testing.T) {
	l, err := ReadList(strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	r, _ := measured(t, profile)
	if wrong, spare := l.Check(r, 50); wrong != nil || spare != nil {
		t.Errorf("wrong %q, spare %q", wrong, spare)
	}
	l.Update(r)
	var out strings.Builder
	if err := l.Write(&out); err != nil || out.String() != list {
		t.Errorf("error %v, written again it is\n%s", err, out.String())
	}
	if wrong, _ := l.Check(r, 55); len(wrong) != 1 || !strings.HasPrefix(wrong[0], "58.33 %") {
		t.Errorf("wrong %q", wrong)
	}
	l.Entries[[2]string{"engine/x", "(*set).add"}] = Entry{Most: 3, Reason: "broken"}
	l.Entries[[2]string{"engine/x", "table"}] = Entry{Most: 2, Reason: "broken"}
	delete(l.Entries, [2]string{"engine/x", "never"})
	wrong, spare := l.Check(r, 50)
	if want := []string{
		"engine/x (*set).add: 4 statements do not run, the list has 3",
		"engine/x never: 1 statements do not run, and the list has no reason",
	}; !slices.Equal(wrong, want) {
		t.Errorf("wrong %q", wrong)
	}
	if want := []string{"engine/x table: 0 statements do not run, the list has 2"}; !slices.Equal(spare, want) {
		t.Errorf("spare %q", spare)
	}
	l.Update(r)
	if _, there := l.Entries[[2]string{"engine/x", "table"}]; there || l.Entries[[2]string{"engine/x", "never"}] != (Entry{Most: 1, Reason: Unknown}) {
		t.Errorf("after Update: %+v", l.Entries)
	}
	if wrong, _ := l.Check(r, 50); len(wrong) != 1 || !strings.Contains(wrong[0], "engine/x never") {
		t.Errorf("without a reason: wrong %q", wrong)
	}
}

func TestWrongLists(t *testing.T) {
	for _, text := range []string{
		"engine/x never 1",
		"engine/x never 1 broken\n",
		"engine/x never 0: Why.",
		"engine/x never many: Why.",
		"engine/x never 1: ",
		"engine/x never 1: Why.\nengine/x never 1: Why.",
		"engine/x never 1 broken too",
		"reason broken: Why.",
		"reason broken: ",
	} {
		if _, err := ReadList(strings.NewReader(text)); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
