// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// samples has for each setting a value that is not its default.
var samples = map[string]string{
	"mode": "ro", "preset": "low-memory", "safety": "full", "page_size": "8192", "block_size": "2048",
	"compression": "lz4",
	"key_file":    "/k", "key_env": "K", "passphrase_file": "/p", "passphrase_env": "P", "cipher": "chacha20-poly1305",
	"autoflush": "1024", "autocheckpoint": "0", "max_log": "0", "changes": "1024", "automerge": "9", "max_garbage": "50", "autowork": "0", "background": "both",
	"use_log": "0", "readers": "1", "readers_hold": "60000", "allow_missing_log": "1", "skip_damaged": "1", "max_freelist": "7", "cache_size": "100", "index_size": "200", "mmap": "1", "locking": "optional",
	"busy_timeout": "250", "count_deletes": "0", "_txlock": "deferred", "key_type": "text", "value_type": "text",
}

// structOnly are the fields of a Config that no text can be, and, but for Path, those of
// engine.Options that no setting has.
var structOnly = []string{"Path", "Codecs", "FS", "Perm", "Observer", "Logger", "Key", "NotBefore"}

// changedFields returns the names of the fields in which two structs differ.
func changedFields(a, b any) []string {
	var names []string
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range va.NumField() {
		if !reflect.DeepEqual(va.Field(i).Interface(), vb.Field(i).Interface()) {
			names = append(names, va.Type().Field(i).Name)
		}
	}
	return names
}

// parsed returns a Config that says text of s.
func parsed(t *testing.T, s *setting, text string) Config {
	t.Helper()
	var c Config
	if err := s.parse(&c, text); err != nil {
		t.Fatalf("%s=%s: %v", s.name, text, err)
	}
	return c
}

// optionsOf returns the fields of engine.Options that a setting sets.
func optionsOf(t *testing.T, s *setting) []string {
	t.Helper()
	if s.save == nil {
		return nil
	}
	c, o := parsed(t, s, samples[s.name]), engine.DefaultOptions()
	s.save(&c, &o)
	return changedFields(engine.DefaultOptions(), o)
}

// TestEverySettingIsWhole: a setting has one field of a Config, which is tagged with its name;
// what it puts into the options of the engine comes back as the same text; and every field of
// the two structs belongs to a setting or is known to be none.
func TestEverySettingIsWhole(t *testing.T) {
	config, options := slices.Clone(structOnly), slices.Clone(structOnly[1:])
	for i := range settings {
		s := &settings[i]
		if s.text == nil {
			continue
		}
		text := samples[s.name]
		if text == "" {
			t.Errorf("%s has no sample", s.name)
			continue
		}
		c := parsed(t, s, text)
		if got := s.said(&c); got != text {
			t.Errorf("%s=%s is written as %q", s.name, text, got)
		}
		fields := changedFields(Config{}, c)
		if len(fields) != 1 {
			t.Errorf("%s sets %v of a Config", s.name, fields)
			continue
		}
		config = append(config, fields...)
		f, _ := reflect.TypeFor[Config]().FieldByName(fields[0])
		if got := f.Tag.Get("dsn"); got != s.name {
			t.Errorf("the field %s is tagged %q; want %q", f.Name, got, s.name)
		}
		options = append(options, optionsOf(t, s)...)
		if s.load == nil {
			continue
		}
		o := engine.DefaultOptions()
		s.save(&c, &o)
		if got := s.saved(o); got != text {
			t.Errorf("%s=%s comes back from the options as %q", s.name, text, got)
		}
	}
	for _, of := range []struct {
		struct_ reflect.Type
		known   []string
	}{{reflect.TypeFor[Config](), config}, {reflect.TypeFor[engine.Options](), options}} {
		var fields []string
		for i := range of.struct_.NumField() {
			fields = append(fields, of.struct_.Field(i).Name)
		}
		slices.Sort(fields)
		slices.Sort(of.known)
		of.known = slices.Compact(of.known) // Options.Key has several settings
		if !slices.Equal(fields, of.known) {
			t.Errorf("%v has\n%v\nand settings set\n%v", of.struct_, fields, of.known)
		}
	}
}

// TestDefaultsOfTheEngine: a row names a default only where the engine has no value for it.
func TestDefaultsOfTheEngine(t *testing.T) {
	for i := range settings {
		s := &settings[i]
		known := s.load != nil && s.saved(engine.DefaultOptions()) != ""
		if known == (s.standard != "") {
			t.Errorf("%s: the engine has a default: %v, the row %q", s.name, known, s.standard)
		}
	}
}

// TestRangesAreTheEngines: what a row allows at either end, the engine allows, and what a row
// refuses beyond, the engine refuses, too.
func TestRangesAreTheEngines(t *testing.T) {
	most := engine.MaxAutoFlush / kb
	for _, test := range []struct {
		name      string
		allowed   [2]string // the ends of the range
		refused   [2]string // beyond them; empty where there is no end
		byEngine  func(o *engine.Options, n int)
		notEngine [2]int // beyond the ends of the engine's range; 0 where there is no end
	}{
		{"page_size", [2]string{"256", "65536"}, [2]string{"128", "131072"},
			func(o *engine.Options, n int) { o.PageSize = n }, [2]int{128, 131072}},
		{"block_size", [2]string{"64", "65536"}, [2]string{"32", "131072"},
			func(o *engine.Options, n int) { o.BlockSize = n }, [2]int{32 * kb, 128 * mb}},
		{"autoflush", [2]string{"0", fmt.Sprint(most)}, [2]string{"-1", fmt.Sprint(most + 1)},
			func(o *engine.Options, n int) { o.AutoFlush = n }, [2]int{-1, engine.MaxAutoFlush + 1}},
		{"automerge", [2]string{"2", "2147483647"}, [2]string{"1", "2147483648"},
			func(o *engine.Options, n int) { o.AutoMerge = n }, [2]int{1, 0}},
		{"max_garbage", [2]string{"10", "2147483647"}, [2]string{"9", "2147483648"},
			func(o *engine.Options, n int) { o.MaxGarbage = n }, [2]int{9, -1}},
		{"max_freelist", [2]string{"2", "24"}, [2]string{"1", "25"},
			func(o *engine.Options, n int) { o.MaxFreelist = n }, [2]int{1, 25}},
		{"cache_size", [2]string{"1", "64GiB"}, [2]string{"0", ""},
			func(o *engine.Options, n int) { o.CacheSize = int64(n) }, [2]int{-1, 0}},
		{"mmap", [2]string{"0", "64GiB"}, [2]string{"-1", ""},
			func(o *engine.Options, n int) { o.Mmap = int64(n) }, [2]int{-1, 0}},
	} {
		for i := range test.allowed {
			dsn := "a?" + test.name + "="
			if _, err := ParseDSN(dsn + test.allowed[i]); err != nil {
				t.Errorf("%s%s: %v", dsn, test.allowed[i], err)
			}
			if test.refused[i] != "" {
				_, err := ParseDSN(dsn + test.refused[i])
				expectMisuse(t, dsn+test.refused[i], err)
			}
			if test.notEngine[i] != 0 {
				o := engine.DefaultOptions()
				test.byEngine(&o, test.notEngine[i])
				expectMisuse(t, fmt.Sprintf("%s of %d in the engine", test.name, test.notEngine[i]), o.Validate())
			}
		}
	}
}

func expectMisuse(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, ErrMisuse) || errors.Is(err, ErrCorrupt) {
		t.Errorf("%s: %v", what, err)
	}
}

// TestWhenAndForWhom changes every setting by PRAGMA on one of two connections: it works if and
// only if the row says so, and the other connection has the new value if and only if the
// setting belongs to the database.
func TestWhenAndForWhom(t *testing.T) {
	ctx := context.Background()
	for i := range settings {
		s := &settings[i]
		if s.text == nil {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			db, err := sql.Open(DriverName, ":memory:")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var conns [2]*sql.Conn
			for i := range conns {
				if conns[i], err = db.Conn(ctx); err != nil {
					t.Fatal(err)
				}
				defer conns[i].Close()
			}
			read := func(c *sql.Conn, query string) (text string, err error) {
				err = c.QueryRowContext(ctx, query).Scan(&text)
				return text, err
			}
			before, err := read(conns[0], "PRAGMA "+s.name)
			if err != nil || before == samples[s.name] {
				t.Fatalf("%q, %v", before, err)
			}
			got, err := read(conns[0], "PRAGMA "+s.name+"('"+samples[s.name]+"')")
			if s.when == fixed {
				if !errors.Is(err, ErrMisuse) || !strings.Contains(fmt.Sprint(err), s.name+" is "+before+" and cannot be changed") {
					t.Errorf("it is fixed: %q, %v", got, err)
				}
				return
			}
			if err != nil || got != samples[s.name] {
				t.Errorf("%q, %v; want %q", got, err, samples[s.name])
			}
			want := before
			if s.scope == database {
				want = samples[s.name]
			}
			if other, err := read(conns[1], "PRAGMA "+s.name); err != nil || other != want {
				t.Errorf("on another connection: %q, %v; want %q", other, err, want)
			}
		})
	}
}
