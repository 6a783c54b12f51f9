// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/read"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/engine"
)

// rows is a Source of rows in memory, whose offsets are their numbers.
type rows struct {
	list []row.Row
	next int
	each func(i int) error // called before row i
	shut bool
}

func (r *rows) Next() (row.Row, error) {
	if r.each != nil {
		if err := r.each(r.next); err != nil {
			return row.Row{}, err
		}
	}
	if r.next == len(r.list) {
		return row.Row{}, io.EOF
	}
	r.next++
	return r.list[r.next-1], nil
}

func (r *rows) Offset() int64 { return int64(r.next) }
func (r *rows) Close() error  { r.shut = true; return nil }

// seekable is rows that can be read from the middle on.
type seekable struct{ *rows }

func (s seekable) Resume(offset int64) error { s.next = int(offset); return nil }

func (s seekable) Fingerprint(offset int64) (string, error) {
	if s.shut {
		return "", errors.New("the input is closed")
	}
	sum := uint32(0)
	for _, r := range s.list[:offset] {
		sum = sumRow(sum, r)
	}
	return fmt.Sprint(sum), nil
}

// source is a Source of rows of one kind or the other.
func source(list []row.Row, seeks bool, each func(int) error) read.Source {
	r := &rows{list: list, each: each}
	if seeks {
		return seekable{r}
	}
	return r
}

// list makes n rows of the kind; values are so long that a batch has a few hundred of them.
func list(rnd *rand.Rand, kind string, n int) []row.Row {
	out := make([]row.Row, n)
	for i := range out {
		k := i
		switch {
		case kind == "random" || kind == "sorted at first" && i > n*3/4:
			k = rnd.IntN(n)
		case kind == "with duplicates":
			k = i - i%3
		}
		value := make([]byte, 4<<10+rnd.IntN(12<<10))
		value[0], value[1] = byte(i), byte(i>>8)
		out[i] = row.Row{Key: fmt.Appendf(nil, "k%08d", k), Value: value}
	}
	return out
}

var kinds = []string{"sorted", "with duplicates", "sorted at first", "random"}

// model is what a database must hold after rows were loaded into it.
func model(old map[string]string, list []row.Row, c Conflict) map[string]string {
	want := maps.Clone(old)
	for _, r := range list {
		if _, found := want[string(r.Key)]; found && c == Ignore {
			continue
		}
		want[string(r.Key)] = string(r.Value)
	}
	return want
}

// contents returns all rows of a database, and checks it.
func contents(t *testing.T, path string) map[string]string {
	t.Helper()
	db, err := engine.Open(t.Context(), path, engine.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for p := range db.Check(t.Context()) {
		t.Error(p)
	}
	c, err := db.Cursor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got := make(map[string]string)
	for ok := c.First(); ok; ok = c.Next() {
		v, err := c.Value()
		if err != nil {
			t.Fatal(err)
		}
		got[string(c.Key())] = string(v)
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	return got
}

func quiet() *env.Env {
	return &env.Env{Globals: env.Globals{Quiet: true}, Stdout: io.Discard, Stderr: io.Discard}
}

// TestRun loads rows of all kinds into new databases and into one with rows, with each answer to conflicts.
func TestRun(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	old := list(rnd, "random", 50)
	for _, kind := range kinds {
		for _, n := range []int{0, 20, 1000} {
			for _, c := range []Conflict{Replace, Ignore} {
				for _, fresh := range []bool{true, false} {
					t.Run(fmt.Sprintf("%s/%d/%s/new=%v", kind, n, c, fresh), func(t *testing.T) {
						o := Options{Path: filepath.Join(t.TempDir(), "my.lsm"), Conflict: c, Input: "x"}
						want := map[string]string{}
						if !fresh {
							if _, err := Run(t.Context(), quiet(), o, source(old, true, nil)); err != nil {
								t.Fatal(err)
							}
							want = model(want, old, c)
						}
						rows := list(rnd, kind, n)
						want = model(want, rows, c)
						res, err := Run(t.Context(), quiet(), o, source(rows, true, nil))
						if err != nil {
							t.Fatal(err)
						}
						if got := contents(t, o.Path); !maps.Equal(got, want) {
							t.Errorf("%d rows, want %d, or they differ", len(got), len(want))
						}
						sorted := fresh && (n <= 20 || kind == "sorted" || kind == "with duplicates")
						if res.Read != int64(n) || res.Sorted != sorted || c == Ignore && res.Written+res.Ignored != res.Read {
							t.Errorf("%+v, want sorted=%v", res, sorted)
						}
						leftovers(t, o.Path)
					})
				}
			}
		}
	}
}

// leftovers wants no file next to a database.
func leftovers(t *testing.T, path string) {
	t.Helper()
	if files, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); !slices.Equal(files, []string{path}) {
		t.Errorf("files %q", files)
	}
}

// TestFail: a key that is there ends the import; what came before it stays, or nothing of a new database
// whose first rows are at fault.
func TestFail(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, kind := range kinds {
		list := list(rnd, kind, 1500)
		list[1400].Key = list[3].Key
		o := Options{Path: filepath.Join(t.TempDir(), "my.lsm"), Conflict: Fail, Input: "x", Command: "cmd"}
		res, err := Run(t.Context(), quiet(), o, source(list, true, nil))
		if env.CodeOf(err) != env.Refused || !strings.Contains(err.Error(), "has the key k0") {
			t.Fatalf("%s: %v", kind, err)
		}
		if _, err := os.Stat(o.Path); err != nil {
			continue // the first batch had a duplicate
		}
		if !strings.Contains(err.Error(), "cmd --resume") {
			t.Errorf("%s: no advice: %v", kind, err)
		}
		got := contents(t, o.Path)
		if int64(len(got)) != res.Written {
			t.Errorf("%s: %d rows, and %d were reported", kind, len(got), res.Written)
		}
		o.Resume, o.Conflict = true, Replace
		if _, err := Run(t.Context(), quiet(), o, source(list, true, nil)); err != nil {
			t.Error(err)
		}
		if want := model(map[string]string{}, list, Replace); !maps.Equal(contents(t, o.Path), want) {
			t.Errorf("%s: other rows after resuming", kind)
		}
		leftovers(t, o.Path)
	}
}

// TestResume stops imports at random rows, by the context and by an error of the input, and resumes
// them until they are done.
func TestResume(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	stops := 0
	for _, kind := range kinds {
		for _, c := range []Conflict{Replace, Ignore, Fail} {
			for _, seeks := range []bool{true, false} {
				list := list(rnd, kind, 1200)
				if c == Fail {
					list = unique(list)
				}
				o := Options{Path: filepath.Join(t.TempDir(), "my.lsm"), Conflict: c, Input: "x", Command: "cmd",
					NoteEvery: time.Duration(rnd.IntN(2)) * time.Nanosecond}
				for {
					stop := rnd.IntN(len(list) * 3 / 2)
					ctx, cancel := context.WithCancel(t.Context())
					errInput := errors.New("the input fails")
					_, err := Run(ctx, quiet(), o, source(list, seeks, func(i int) error {
						if i == stop && stop%2 == 0 {
							cancel()
						} else if i == stop {
							return errInput
						}
						return nil
					}))
					cancel()
					if err == nil {
						break
					}
					stops++
					if _, noted := os.Stat(notePath(o.Path)); noted == nil && !strings.Contains(err.Error(), "cmd --resume") {
						t.Fatalf("%s, %s: no advice: %v", kind, c, err)
					}
					if !errors.Is(err, errInput) && env.CodeOf(err) != env.Interrupted {
						t.Fatalf("%s, %s: %v", kind, c, err)
					}
					_, missing := os.Stat(o.Path)
					_, unnoted := os.Stat(notePath(o.Path))
					if missing == nil && unnoted != nil {
						t.Fatalf("%s, %s: a database without a note after %v", kind, c, err)
					}
					o.Resume = unnoted == nil
				}
				want := model(map[string]string{}, list, c)
				if !maps.Equal(contents(t, o.Path), want) {
					t.Errorf("%s, %s: other rows after resuming", kind, c)
				}
				leftovers(t, o.Path)
			}
		}
	}
	if stops < 20 {
		t.Errorf("only %d imports were stopped", stops)
	}
}

// unique leaves out rows whose key has come before.
func unique(list []row.Row) (out []row.Row) {
	seen := make(map[string]bool)
	for _, r := range list {
		if !seen[string(r.Key)] {
			out = append(out, r)
		}
		seen[string(r.Key)] = true
	}
	return out
}

// TestResumeRefuses: a note is not passed over, and does not fit another input.
func TestResumeRefuses(t *testing.T) {
	list := list(rand.New(rand.NewPCG(7, 8)), "sorted", 2000)
	for _, seeks := range []bool{true, false} {
		o := Options{Path: filepath.Join(t.TempDir(), "my.lsm"), Conflict: Replace, Input: "x", Command: "cmd"}
		run := func(change func(o *Options), rows []row.Row, each func(int) error) error {
			o := o
			change(&o)
			_, err := Run(t.Context(), quiet(), o, source(rows, seeks, each))
			return err
		}
		none, resume := func(*Options) {}, func(o *Options) { o.Resume = true }
		if err := run(resume, list, nil); env.CodeOf(err) != env.No {
			t.Errorf("nothing to resume: %v", err)
		}
		fail := func(i int) error {
			if i == 1900 {
				return errors.New("the input fails")
			}
			return nil
		}
		if err := run(none, list, fail); env.CodeOf(err) != env.Refused {
			t.Fatal(err)
		}
		if err := run(none, list, nil); err == nil || !strings.Contains(err.Error(), "cmd\n--resume goes on with it, after 1") {
			t.Errorf("a note is passed over: %v", err)
		}
		if err := run(func(o *Options) { o.Resume, o.Input = true, "y" }, list, nil); err == nil || !strings.Contains(err.Error(), "another one") {
			t.Errorf("another input: %v", err)
		}
		other := slices.Clone(list)
		other[17].Key = []byte("other")
		if err := run(resume, other, nil); err == nil || !strings.Contains(err.Error(), "--restart begins again") {
			t.Errorf("a changed input: %v", err)
		}
		before := contents(t, o.Path)
		if len(before) < 1000 {
			t.Errorf("%d rows", len(before))
		}
		// The note of an import that begins again is of nothing before anything is written: it would be
		// believed after a crash.
		old := noteOf(t, o.Path)
		begun := func(i int) error {
			if i != 1000 {
				return nil
			}
			// Rows are read ahead of the writer, which may not have begun on a busy machine.
			now := noteOf(t, o.Path)
			for end := time.Now().Add(10 * time.Second); now.Rows != 0 && time.Now().Before(end); now = noteOf(t, o.Path) {
				time.Sleep(time.Millisecond)
			}
			if old.Rows == 0 || now.Rows != 0 {
				t.Errorf("the note says %d rows, and before it began again %d", now.Rows, old.Rows)
			}
			return nil
		}
		if err := run(func(o *Options) { o.Restart = true }, list, begun); err != nil {
			t.Error(err)
		}
		if got := contents(t, o.Path); len(got) != len(list) {
			t.Errorf("%d rows after --restart", len(got))
		}
		leftovers(t, o.Path)
	}
}

// noteOf returns the note of a database.
func noteOf(t *testing.T, path string) note {
	t.Helper()
	n, err := readNote(path)
	if err != nil || n == nil {
		t.Fatal(n, err)
	}
	return *n
}

// TestDamagedNote: a note that cannot be read is an error, and --restart goes on without it.
func TestDamagedNote(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "my.lsm"), Conflict: Replace, Input: "x"}
	for _, raw := range []string{"", "{", "{}", `{"input":"x","rows":-1}`, `{"input":"x","more":1}`} {
		if err := os.WriteFile(notePath(o.Path), []byte(raw), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(t.Context(), quiet(), o, source(nil, true, nil)); env.CodeOf(err) != env.Refused {
			t.Errorf("%q: %v", raw, err)
		}
	}
	o.Restart = true
	if _, err := Run(t.Context(), quiet(), o, source(nil, true, nil)); err != nil {
		t.Error(err)
	}
	leftovers(t, o.Path)
}

// TestResumeWithoutDatabase: an import that is killed between its first note and the making of the database begins
// again when it is resumed. One that had noted rows, and whose database is gone, does not.
func TestResumeWithoutDatabase(t *testing.T) {
	list := list(rand.New(rand.NewPCG(9, 10)), "sorted", 200)
	for _, seeks := range []bool{true, false} {
		for _, rows := range []int64{0, 100} {
			o := Options{Path: filepath.Join(t.TempDir(), "my.lsm"), Conflict: Replace, Input: "x", Command: "cmd", Resume: true}
			text := fmt.Sprintf(`{"about": "", "command": "cmd", "input": "x", "rows": %d, "offset": %d}`, rows, rows)
			if err := os.WriteFile(notePath(o.Path), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Run(t.Context(), quiet(), o, source(list, seeks, nil))
			if rows > 0 {
				if env.CodeOf(err) != env.CannotOpen || !strings.Contains(err.Error(), "--restart begins again") {
					t.Errorf("seeks %v: the database is gone: %v", seeks, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("seeks %v: %v", seeks, err)
			}
			if got := contents(t, o.Path); len(got) != len(list) {
				t.Errorf("seeks %v: %d rows", seeks, len(got))
			}
			leftovers(t, o.Path)
		}
	}
}
