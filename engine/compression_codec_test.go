// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestCompressionMismatch: a file is opened with its own codec or not at all, and left
// untouched then.
func TestCompressionMismatch(t *testing.T) {
	files := map[string][]byte{}
	for _, name := range append(codecNames, "none") {
		files[name], _ = filled(t, engine.Options{Compression: name}, 20)
	}
	ids := map[string]string{"none": "none (1)", "lz4": "lz4 (10001)", "zlib": "zlib (10002)", "zstd": "zstd (10003)", "snappy": "snappy (11001)"}
	refused := func(data []byte, o engine.Options, texts ...string) {
		t.Helper()
		_, fs, err := openBytes(data, o)
		if !errors.Is(err, engine.ErrMismatch) || !strings.Contains(fmt.Sprint(err), "/x.db") {
			t.Errorf("want a mismatch, got %v", err)
			return
		}
		for _, text := range texts {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("want %q in: %v", text, err)
			}
		}
		if after, err := fs.ReadFile("/x.db"); err != nil || !bytes.Equal(after, data) {
			t.Errorf("a file that was refused has changed: %v", err)
		}
		if _, err := fs.ReadFile("/x.db-log"); err == nil {
			t.Error("a log was made for a file that was refused")
		}
	}
	for have := range files {
		for want := range files {
			if have != want {
				for _, ro := range []bool{false, true} {
					refused(files[have], engine.Options{Compression: want, ReadOnly: ro}, ids[have], ids[want])
				}
			}
		}
	}
	data, content := filled(t, engine.Options{Compression: "mirror", Codecs: []engine.Codec{mirror{}}}, 50)
	refused(data, engine.Options{}, "codec 20001", "not registered", "zstd (10003)")
	refused(data, engine.Options{Compression: "zstd"}, "codec 20001", "zstd (10003)")
	refused(data, engine.Options{Compression: "zstd", Codecs: []engine.Codec{mirror{}}}, "mirror (20001)", "zstd (10003)")
	db, _, err := openBytes(data, engine.Options{Codecs: []engine.Codec{mirror{}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, db); !maps.Equal(got, content) || db.Compression() != "mirror" {
		t.Error("a user's codec does not read what it wrote")
	}
	expectSound(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// mirror is a codec of a user's: it turns pages round.
type mirror struct{}

func (mirror) ID() uint32 { return 20001 }

func (mirror) Name() string { return "mirror" }

func (mirror) Bound(n int) int { return n }

func (mirror) Compress(dst, src []byte) ([]byte, error) {
	n := len(dst)
	dst = append(dst, src...)
	slices.Reverse(dst[n:])
	return dst, nil
}

func (mirror) Decompress(dst, src []byte) error {
	if len(src) != len(dst) {
		return errors.New("of another length")
	}
	copy(dst, src)
	slices.Reverse(dst)
	return nil
}

func TestCompressionOptions(t *testing.T) {
	for _, test := range []struct {
		o    engine.Options
		want string
	}{
		{engine.Options{Compression: "lz4", PageSize: 32768, BlockSize: 64 << 10}, ""},
		{engine.Options{Compression: "zstd", PageSize: 65536, BlockSize: 128 << 10}, ""},
		{engine.Options{PageSize: 32768, BlockSize: 64 << 10}, "fewer than 4 pages"},
		{engine.Options{Compression: "none", PageSize: 32768, BlockSize: 64 << 10}, "fewer than 4 pages"},
		{engine.Options{Compression: "lz4", PageSize: 65536, BlockSize: 64 << 10}, "take a smaller page or a larger block"},
		{engine.Options{Compression: "brotli"}, "brotli"},
		{engine.Options{Compression: "20001"}, "20001"},
		{engine.Options{Compression: "mirror", Codecs: []engine.Codec{mirror{}}}, ""},
		{engine.Options{Codecs: []engine.Codec{mirror{}, mirror{}}}, "same id"},
		{engine.Options{Codecs: []engine.Codec{nil}}, "nil"},
	} {
		err := test.o.Validate()
		if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, engine.ErrMisuse) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%+v: want %q, got %v", test.o, test.want, err)
		}
	}
}
