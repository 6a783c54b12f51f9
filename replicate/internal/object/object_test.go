// SPDX-License-Identifier: Apache-2.0

package object_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/keys"
	"github.com/lsmlite/lsmlite-go/replicate/internal/object"
)

var update = flag.Bool("update", false, "write the golden objects again")

var (
	moment = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	pos    = object.Position{Seq: 130, Off: 4711, Sum: [2]uint32{0xdeadbeef, 0x01020304}}
	id     = object.SnapshotID{Gen: 7, Seq: 130, Attempt: 0x5f3a9c10}
)

func digest(c byte) (d object.Digest) {
	copy(d[:], bytes.Repeat([]byte{c}, len(d)))
	return d
}

func base() *object.Base {
	b := &object.Base{Time: moment, ID: [16]byte{1, 2, 3}, Start: pos, Key: object.KeyPassphrase, Salt: [16]byte{9},
		KDF: keys.Params{Time: 1, MemoryKiB: 64, Lanes: 1}, Check: digest(5)}
	b.Parent.Gen, b.Parent.Seq = 6, 99
	return b
}

func logObject() *object.Log {
	l := &object.Log{First: 129, Last: 130, Pos: pos, Whole: true, Mark: true, Time: moment, Prev: digest(4)}
	for _, op := range []object.Op{
		{Kind: object.OpPut, Key: []byte("a"), Value: []byte("first")}, {Kind: object.OpEnd, Seq: 129},
		{Kind: object.OpDelete, Key: []byte("b")}, {Kind: object.OpDeleteRange, Key: []byte("c"), Value: []byte("d")},
		{Kind: object.OpPut, Key: nil, Value: nil}, {Kind: object.OpEnd, Seq: 130},
	} {
		l.Data = object.AppendOp(l.Data, op)
	}
	return l
}

func index() *object.Index {
	return &object.Index{Pos: pos, Time: moment, Rows: 2, Bytes: 20, Sum: digest(1), Log: digest(2),
		Parts: []object.IndexPart{{Digest: digest(3), Stored: 77}}}
}

// TestGolden: objects that were once written are read.
func TestGolden(t *testing.T) {
	for name, encode := range map[string]func() ([]byte, error){
		"base":  func() ([]byte, error) { return base().Encode(7) },
		"log":   func() ([]byte, error) { return logObject().Encode(7, nil) },
		"index": func() ([]byte, error) { return index().Encode(id, nil) },
	} {
		got, err := encode()
		ok(t, err)
		file := filepath.Join("testdata", "golden", name)
		if *update {
			ok(t, os.WriteFile(file, got, 0o644))
		}
		want, err := os.ReadFile(file)
		ok(t, err)
		var read, made any
		switch name {
		case "base":
			made = base()
			read, err = object.DecodeBase(7, want)
		case "log":
			made = logObject()
			read, err = object.DecodeLog(7, 129, 0, want, nil)
		case "index":
			made = index()
			read, err = object.DecodeIndex(id, want, nil)
		}
		ok(t, err)
		if !reflect.DeepEqual(made, read) {
			t.Errorf("%s: read %+v, want %+v", name, read, made)
		}
	}
	sealed, err := os.ReadFile(filepath.Join("testdata", "golden", "sealed"))
	if *update {
		sealed, err = logObject().Encode(7, object.NewSealer(bytes.Repeat([]byte{8}, 32)))
		ok(t, err)
		ok(t, os.WriteFile(filepath.Join("testdata", "golden", "sealed"), sealed, 0o644))
	}
	ok(t, err)
	read, err := object.DecodeLog(7, 129, 0, sealed, object.NewSealer(bytes.Repeat([]byte{8}, 32)))
	ok(t, err)
	if !read.SameContent(logObject()) {
		t.Errorf("sealed: read %+v", read)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]object.Name{
		object.BaseName(7):                    {Kind: object.KindBase, Gen: 7},
		object.LogName(7, 1<<64-1, 3):         {Kind: object.KindLog, Gen: 7, Seq: 1<<64 - 1, Part: 3},
		object.LogName(99_999_999, 0, 99_999): {Kind: object.KindLog, Gen: 99_999_999, Part: 99_999},
		id.Index():                            {Kind: object.KindIndex, Gen: 7, Seq: 130, Snapshot: id},
		id.Part(12):                           {Kind: object.KindPart, Gen: 7, Seq: 130, Part: 12, Snapshot: id},
	} {
		if got, ok := object.ParseName(name); !ok || got != want {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "gen/7/base", "gen/00000007/bases", "gen/00000007/log/1-0", "gen/00000007/snap/", "gen/00000007/base/",
		"probe/x", "gen/00000007/snap/00000000000000000130-5F3A9C10/index", "gen/00000007/log/00000000000000000001-00000x"} {
		if got, ok := object.ParseName(name); ok {
			t.Errorf("%q is %+v", name, got)
		}
	}
	if a, b := object.AfterGeneration(7), object.BaseName(8); a <= id.Part(1) || a >= b {
		t.Errorf("%s is not between the generations", a)
	}
	if a := object.AfterLog(7, 130); a <= object.LogName(7, 130, 99_999) || a >= object.LogName(7, 131, 0) {
		t.Errorf("%s is not after transaction 130", a)
	}
}

// TestEveryChangedByteIsNoticed: also another name, another kind, another key.
func TestEveryChangedByteIsNoticed(t *testing.T) {
	for _, s := range []*object.Sealer{nil, object.NewSealer(bytes.Repeat([]byte{1}, 32))} {
		data, err := logObject().Encode(7, s)
		ok(t, err)
		for i := range data {
			bad := bytes.Clone(data)
			bad[i] ^= 0x10
			if _, err := object.DecodeLog(7, 129, 0, bad, s); !errors.Is(err, object.ErrDamaged) {
				t.Fatalf("byte %d: %v", i, err)
			}
			if _, err := object.DecodeLog(7, 129, 0, data[:i], s); !errors.Is(err, object.ErrDamaged) {
				t.Fatalf("cut at %d: %v", i, err)
			}
		}
		if _, err := object.DecodeLog(8, 129, 0, data, s); !errors.Is(err, object.ErrDamaged) {
			t.Errorf("in another place: %v", err)
		}
		if _, err := object.DecodeIndex(id, data, s); !errors.Is(err, object.ErrDamaged) {
			t.Errorf("as an index: %v", err)
		}
	}
	sealed, err := logObject().Encode(7, object.NewSealer(bytes.Repeat([]byte{1}, 32)))
	ok(t, err)
	if _, err := object.DecodeLog(7, 129, 0, sealed, nil); !errors.Is(err, object.ErrKey) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := object.DecodeLog(7, 129, 0, sealed, object.NewSealer(bytes.Repeat([]byte{2}, 32))); !errors.Is(err, object.ErrDamaged) {
		t.Errorf("with another key: %v", err)
	}
	clear, err := logObject().Encode(7, nil)
	ok(t, err)
	if _, err := object.DecodeLog(7, 129, 0, clear, object.NewSealer(bytes.Repeat([]byte{2}, 32))); !errors.Is(err, object.ErrKey) {
		t.Errorf("in clear, and a key is given: %v", err)
	}
}

// TestVersion: an object of a later version says so, and is no damage.
func TestVersion(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "golden", "version2"))
	if *update {
		data, err = object.EncodeVersion2(object.BaseName(7))
		ok(t, os.WriteFile(filepath.Join("testdata", "golden", "version2"), data, 0o644))
	}
	ok(t, err)
	if _, err := object.DecodeBase(7, data); !errors.Is(err, object.ErrVersion) || errors.Is(err, object.ErrDamaged) {
		t.Errorf("%v", err)
	}
}

// TestLimits: what would not fit into a request is never made.
func TestLimits(t *testing.T) {
	if _, err := object.Encode(object.KindPart, "x", make([]byte, object.MaxRaw+1), nil); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("an object above the limit: %v", err)
	}
	r := object.NewRowReader(bytes.NewReader([]byte{0xff, 0xff, 0xff, 0xff, 0x07, 1}))
	if _, _, err := r.Next(); !errors.Is(err, object.ErrDamaged) {
		t.Errorf("a key of 2 GiB in 6 bytes: %v", err)
	}
	r = object.NewRowReader(bytes.NewReader([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}))
	if _, _, err := r.Next(); !errors.Is(err, object.ErrDamaged) {
		t.Errorf("a key of 4 GiB: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"base", "log", "index", "sealed"} {
		data, err := os.ReadFile(filepath.Join("testdata", "golden", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, s := range []*object.Sealer{nil, object.NewSealer(make([]byte, 32))} {
			// Also with a sum that is right, so that what comes after it is tried.
			for _, d := range [][]byte{data, object.WithSum(object.LogName(7, 129, 0), data)} {
				if l, err := object.DecodeLog(7, 129, 0, d, s); err == nil {
					again, err := l.Encode(7, nil)
					ok(t, err)
					if m, err := object.DecodeLog(7, 129, 0, again, nil); err != nil || !m.SameContent(l) {
						t.Fatalf("%v, %+v", err, l)
					}
				}
			}
			if x, err := object.DecodeIndex(id, object.WithSum(id.Index(), data), s); err == nil {
				_, err := x.Encode(id, nil)
				ok(t, err)
			}
		}
		if b, err := object.DecodeBase(7, object.WithSum(object.BaseName(7), data)); err == nil {
			_, err := b.Encode(7)
			ok(t, err)
		}
	})
}

func FuzzStreams(f *testing.F) {
	f.Add(logObject().Data)
	f.Add(object.AppendRow(object.AppendRow(nil, []byte("a"), []byte("b")), nil, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		var again []byte
		ops := object.NewOpReader(bytes.NewReader(data))
		for {
			op, err := ops.Next()
			if errors.Is(err, io.EOF) {
				// Lengths may have been written in a longer form than needed.
				if len(again) > len(data) {
					t.Fatalf("%x became %x", data, again)
				}
				break
			}
			if err != nil {
				break
			}
			again = object.AppendOp(again, op)
		}
		rows := object.NewRowReader(bytes.NewReader(data))
		for {
			if _, _, err := rows.Next(); err != nil {
				break
			}
		}
	})
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestLongFieldsTakeLittleMore: a long field takes a quarter more than its length while it is read, and one that is not
// there takes little, whatever length it has.
func TestLongFieldsTakeLittleMore(t *testing.T) {
	allocated := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for _, n := range []int{0, 1, 1<<20 - 1, 1<<20 + 1, 5 << 20, 65<<20 + 3} {
		value := make([]byte, n)
		rand.NewChaCha8([32]byte{}).Read(value)
		data := object.AppendRow(object.AppendRow(nil, []byte("key"), value), []byte("next"), nil)
		used := allocated(func() {
			r := object.NewRowReader(bytes.NewReader(data))
			if key, got, err := r.Next(); err != nil || string(key) != "key" || !bytes.Equal(got, value) {
				t.Errorf("a value of %d bytes: %q, %d bytes, %v", n, key, len(got), err)
			}
			if key, _, err := r.Next(); err != nil || string(key) != "next" {
				t.Errorf("the next one: %q, %v", key, err)
			}
		})
		if most := uint64(n)*27/20 + 1<<20; used > most {
			t.Errorf("a value of %d bytes takes %d", n, used)
		}
	}
	cut := append(binary.AppendUvarint([]byte{0}, object.MaxField), make([]byte, 3<<20)...)
	used := allocated(func() {
		if _, _, err := object.NewRowReader(bytes.NewReader(cut)).Next(); !errors.Is(err, object.ErrDamaged) {
			t.Error(err)
		}
	})
	if used > 16<<20 {
		t.Errorf("a field of 2 GiB of which 3 MiB are there takes %d bytes", used)
	}
}
