// SPDX-License-Identifier: Apache-2.0

package bolt

import (
	"errors"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out/outtest"
)

// bucket is the contents of one: rows, and buckets.
type bucket struct {
	rows    map[string]string
	buckets map[string]*bucket
}

func (b *bucket) put(t *testing.T, to *bbolt.Bucket) {
	t.Helper()
	for k, v := range b.rows {
		check(t, to.Put([]byte(k), []byte(v)))
	}
	for name, inner := range b.buckets {
		below, err := to.CreateBucket([]byte(name))
		check(t, err)
		inner.put(t, below)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write makes a file of buckets.
func write(t *testing.T, top *bucket) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "my.bolt")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true})
	check(t, err)
	check(t, db.Update(func(tx *bbolt.Tx) error {
		top.put(t, tx.Cursor().Bucket())
		return nil
	}))
	check(t, db.Close())
	return path
}

func people() *bucket {
	return &bucket{buckets: map[string]*bucket{
		"users": {
			rows:    map[string]string{"1": "Ada", "2": "", "a/b": "x"},
			buckets: map[string]*bucket{"old": {rows: map[string]string{"\x00\xff": "y"}}, "none": {}},
		},
		"log": {rows: map[string]string{"1": strings.Repeat("long", 50_000)}},
	}}
}

func TestRead(t *testing.T) {
	path := write(t, people())
	for _, c := range []struct {
		o    Options
		want map[string]string
	}{
		{Options{Separator: []byte("/")}, map[string]string{"users/1": "Ada", "users/2": "", "users/a/b": "x",
			"users/old/\x00\xff": "y", "users/none/": "", "log/1": strings.Repeat("long", 50_000)}},
		{Options{Separator: []byte("::"), Bucket: []string{"users", "old"}}, map[string]string{"\x00\xff": "y"}},
		{Options{Separator: []byte("::"), Bucket: []string{"users"}}, map[string]string{"1": "Ada", "2": "", "a/b": "x", "old::\x00\xff": "y", "none::": ""}},
		{Options{Separator: []byte("/"), Bucket: []string{"users"}, Escape: true}, map[string]string{"1": "Ada", "2": "", `a\/b`: "x", "old/\x00\xff": "y", "none/": ""}},
	} {
		got := outtest.Rows(t, func(w *out.Writer) error { return Read(path, c.o, w) })
		if !maps.Equal(got, c.want) {
			t.Errorf("%+v: %.200q, want %.200q", c.o, got, c.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	slash := Options{Separator: []byte("/")}
	for name, c := range map[string]struct {
		top  *bucket
		o    Options
		want string
	}{
		"separator in a name": {&bucket{buckets: map[string]*bucket{"a/b": {rows: map[string]string{"c": ""}}}}, slash, `the name of the bucket "a/b" has the separator`},
		"separator across":    {&bucket{buckets: map[string]*bucket{"a:": {}}}, Options{Separator: []byte("::")}, `the name of the bucket "a:"`},
		"key like a bucket's": {&bucket{buckets: map[string]*bucket{"x": {rows: map[string]string{"a/b": ""}, buckets: map[string]*bucket{"a": {}}}}}, slash,
			`the key "a/b" could be one of the bucket "a"`},
		"no such bucket":  {people(), Options{Separator: []byte("/"), Bucket: []string{"users", "new"}}, "has no bucket"},
		"no separator":    {people(), Options{}, "cannot be the separator"},
		"not a separator": {people(), Options{Separator: []byte(`\`), Escape: true}, "cannot be the separator"},
	} {
		err := Read(write(t, c.top), c.o, out.New(new(strings.Builder)))
		if !errors.Is(err, out.ErrRefused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLossless reads random buckets of names and keys that are hard to tell from each other: with Escape all
// rows come back where they were, and without it they do, or the reader refuses.
func TestLossless(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	plain := 0
	for range 150 {
		top := &bucket{buckets: map[string]*bucket{"t": random(rnd, 3)}}
		path := write(t, top)
		for _, sep := range []string{"/", "::", "\x00"} {
			want := make(map[string]string)
			flatten(top, nil, sep, want)
			got := outtest.Rows(t, func(w *out.Writer) error {
				return Read(path, Options{Separator: []byte(sep), Escape: true}, w)
			})
			decoded := make(map[string]string)
			for k, v := range got {
				decoded[strings.Join(unescape(k, sep), "\xfe")] = v
			}
			if !maps.Equal(decoded, want) {
				t.Fatalf("separator %q: %q, want %q", sep, decoded, want)
			}
			if Read(path, Options{Separator: []byte(sep)}, out.New(new(strings.Builder))) != nil {
				continue
			}
			plain++
			got = outtest.Rows(t, func(w *out.Writer) error { return Read(path, Options{Separator: []byte(sep)}, w) })
			if len(got) != len(want) {
				t.Fatalf("separator %q: %d rows, want %d", sep, len(got), len(want))
			}
		}
	}
	if plain < 50 {
		t.Errorf("only %d files could be read without escapes", plain)
	}
}

func random(rnd *rand.Rand, depth int) *bucket {
	name := func() string {
		s := ""
		for range 1 + rnd.IntN(3) {
			s += []string{"a", "b", "c", ":", "/", `\`, "\x00", "::"}[rnd.IntN(4+rnd.IntN(5))]
		}
		return s
	}
	b := &bucket{rows: map[string]string{}, buckets: map[string]*bucket{}}
	for range rnd.IntN(4) {
		b.rows[name()] = name()
	}
	for range rnd.IntN(3) {
		n := name()
		if _, taken := b.rows[n]; !taken && depth > 0 {
			b.buckets[n] = random(rnd, depth-1)
		}
	}
	return b
}

// flatten returns rows by their path, with a byte that no name has between its parts.
func flatten(b *bucket, path []string, sep string, into map[string]string) {
	if len(b.rows)+len(b.buckets) == 0 {
		into[strings.Join(append(path, ""), "\xfe")] = ""
	}
	for k, v := range b.rows {
		into[strings.Join(append(path, k), "\xfe")] = v
	}
	for name, inner := range b.buckets {
		flatten(inner, append(path[:len(path):len(path)], name), sep, into)
	}
}

// unescape takes a key with escapes apart.
func unescape(key, sep string) (parts []string) {
	part := ""
	for i := 0; i < len(key); {
		switch {
		case key[i] == '\\':
			part += key[i+1 : i+2]
			i += 2
		case strings.HasPrefix(key[i:], sep):
			parts = append(parts, part)
			part = ""
			i += len(sep)
		default:
			part += key[i : i+1]
			i++
		}
	}
	return append(parts, part)
}

func TestCannotOpen(t *testing.T) {
	path := write(t, people())
	db, err := bbolt.Open(path, 0o600, nil)
	check(t, err)
	defer db.Close()
	if err := Read(path, Options{Separator: []byte("/")}, out.New(new(strings.Builder))); !errors.Is(err, out.ErrOpen) {
		t.Errorf("a file that is open: %v", err)
	}
}
