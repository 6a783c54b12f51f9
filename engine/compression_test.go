package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/compress"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

var flipAll = flag.Bool("flip.all", false, "TestFlippedBits tries every bit of each file, which takes minutes")

// filled makes a closed database of some levels and returns its file and content.
func filled(t testing.TB, o engine.Options, rows int) ([]byte, map[string]string) {
	t.Helper()
	fs := memfs.New()
	o.FS, o.NoAutoWork = fs, true
	ctx := context.Background()
	db, err := engine.Open(ctx, "/x.db", o)
	if err != nil {
		t.Fatal(err)
	}
	content := make(map[string]string)
	rng := rand.New(rand.NewPCG(7, uint64(rows)))
	for level := range 3 {
		err := db.Update(ctx, func(tx *engine.Tx) error {
			for range rows {
				k := fmt.Sprintf("key/%05d", rng.IntN(4*rows))
				v := fmt.Sprintf("value %d of level %d %s", rng.IntN(100), level, strings.Repeat("lsm", rng.IntN(30)))
				content[k] = v
				if err := tx.Put([]byte(k), []byte(v)); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			err = db.Flush(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := readAll(t, db); !maps.Equal(got, content) {
		t.Fatal("the database holds something else")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile("/x.db")
	if err != nil {
		t.Fatal(err)
	}
	return data, content
}

func readAll(t testing.TB, db *engine.DB) map[string]string {
	t.Helper()
	rows, err := scanAll(db)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func scanAll(db *engine.DB) (map[string]string, error) {
	rows := make(map[string]string)
	err := db.View(context.Background(), func(s *engine.Snapshot) error {
		c, err := s.Cursor()
		if err != nil {
			return err
		}
		defer c.Close()
		for ok := c.First(); ok; ok = c.Next() {
			v, err := c.Value()
			if err != nil {
				return err
			}
			rows[string(c.Key())] = string(v)
		}
		return c.Err()
	})
	return rows, err
}

// openBytes opens a database made of the given bytes.
func openBytes(data []byte, o engine.Options) (*engine.DB, *memfs.FS, error) {
	fs := memfs.New()
	if err := fs.WriteFile("/x.db", data); err != nil {
		return nil, nil, err
	}
	o.FS = fs
	db, err := engine.Open(context.Background(), "/x.db", o)
	return db, fs, err
}

var codecNames = []string{"lz4", "zlib", "zstd", "snappy"}

func TestCompressedFiles(t *testing.T) {
	plain, _ := filled(t, engine.Options{Compression: "none"}, 2000)
	for _, name := range codecNames {
		t.Run(name, func(t *testing.T) {
			data, content := filled(t, engine.Options{Compression: name}, 2000)
			if len(data) > len(plain)*2/3 {
				t.Errorf("%d bytes, without compression %d", len(data), len(plain))
			}
			codec, _ := compress.ByName(name, nil)
			for _, o := range []engine.Options{
				{}, {Compression: name}, {Compression: fmt.Sprint(codec.ID())}, {ReadOnly: true},
				// Sizes are for a new file: these could not be compressed.
				{CacheSize: 1},
			} {
				db, fs, err := openBytes(data, o)
				if err != nil {
					t.Fatal(err)
				}
				if db.Compression() != name || db.CompressionID() != codec.ID() || db.Options().Compression != name {
					t.Errorf("opened with compression %q, id %d", db.Compression(), db.CompressionID())
				}
				if got := readAll(t, db); !maps.Equal(got, content) {
					t.Error("the file holds something else")
				}
				expectSound(t, db)
				dumpAll(t, db)
				st := db.Stats()
				if st.PagesRead == 0 || st.BytesRead == 0 || o.CacheSize != 1 && st.BytesRead > st.PagesRead*4096 {
					t.Errorf("%d pages of %d bytes read", st.PagesRead, st.BytesRead)
				}
				if !o.ReadOnly {
					if err := db.Set(func(o *engine.Options) { o.AutoFlush = 1 << 20 }); err != nil {
						t.Errorf("a setting after adopting a codec: %v", err)
					}
					if err := db.Optimize(context.Background()); err != nil {
						t.Fatal(err)
					}
					expectSound(t, db)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				after, err := fs.ReadFile("/x.db")
				if err != nil || o.ReadOnly && !bytes.Equal(after, data) {
					t.Errorf("a read-only handle has changed the file, %v", err)
				}
			}
		})
	}
}

// dumpAll dumps the pages that the structure names.
func dumpAll(t *testing.T, db *engine.DB) {
	t.Helper()
	for _, l := range db.Structure() {
		for _, s := range l.Segments {
			for _, p := range []int64{s.First, s.Root} {
				if p == 0 {
					continue
				}
				text, err := db.PageDump(p)
				if err != nil || !strings.Contains(text, "bytes of "+db.Compression()) || !strings.Contains(text, "page sum: good") {
					t.Errorf("page %d: %v, %s", p, err, text)
				}
			}
			if _, err := db.PageDump(s.First + 1); err == nil {
				t.Error("the middle of a page is dumped as one")
			}
		}
	}
}

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

func (mirror) ID() uint32      { return 20001 }
func (mirror) Name() string    { return "mirror" }
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

// TestCompressionOfAnEmptyDatabase: as long as nothing is stored, whoever comes decides.
func TestCompressionOfAnEmptyDatabase(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	open := func(compression string) *engine.DB {
		t.Helper()
		db, err := engine.Open(ctx, "/e.db", engine.Options{FS: fs, Compression: compression})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	for _, name := range []string{"zstd", "none", "", "lz4"} {
		db := open(name)
		if db.CompressionID() != 0 {
			t.Errorf("%q: id %d before anything is stored", name, db.CompressionID())
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	db := open("zlib")
	if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("a"), []byte("1")) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open("")
	if db.Compression() != "zlib" || db.CompressionID() != compress.IDZlib {
		t.Errorf("adopted %s, %d", db.Compression(), db.CompressionID())
	}
	// Deleting everything leaves a file that has its codec.
	if err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Delete([]byte("a")) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Optimize(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Open(ctx, "/e.db", engine.Options{FS: fs, Compression: "lz4"}); !errors.Is(err, engine.ErrMismatch) {
		t.Errorf("a database without rows: %v", err)
	}
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

// TestFlippedBits flips bits of closed compressed databases. What is not noticed must not
// matter: it lies in padding, in space that nobody uses, or decompresses to the same page.
func TestFlippedBits(t *testing.T) {
	for _, name := range codecNames {
		t.Run(name, func(t *testing.T) {
			data, content := filled(t, engine.Options{Compression: name, PageSize: 1024, BlockSize: 64 << 10}, 150)
			rng := rand.New(rand.NewPCG(1, 2))
			var tried, refused, found, harmless, wrong int
			for bit := 8 * 8192; bit < 8*len(data); bit++ {
				if !*flipAll && rng.IntN(8*len(data)/300) != 0 {
					continue
				}
				tried++
				data[bit/8] ^= 1 << (bit % 8)
				db, _, err := openBytes(data, engine.Options{ReadOnly: true})
				data[bit/8] ^= 1 << (bit % 8)
				if err != nil {
					refused++
					continue
				}
				got, err := scanAll(db)
				switch {
				case err != nil:
					found++
				case maps.Equal(got, content):
					harmless++
				default:
					wrong++
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("%s: %d bits of %d bytes flipped: %d refused at open, %d found by a scan, %d without effect, %d wrong rows",
				name, tried, len(data), refused, found, harmless, wrong)
			// A page sum of 13 bits lets one in 8192 pass; zlib and zstd have their own as well.
			if most := tried / 1000; wrong > most {
				t.Errorf("%d of %d flipped bits give wrong rows", wrong, tried)
			}
			if refused+found < tried/2 {
				t.Errorf("only %d of %d flipped bits are noticed", refused+found, tried)
			}
		})
	}
}

// TestCheckOfCompressedFiles damages a database in ways that reading may not notice.
func TestCheckOfCompressedFiles(t *testing.T) {
	data, _ := filled(t, engine.Options{Compression: "zlib", PageSize: 512, BlockSize: 64 << 10}, 4000)
	db, _, err := openBytes(data, engine.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	expectSound(t, db)
	segment := db.Structure()[0].Segments[0]
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	const block = 64 << 10
	nextLink := (segment.First/block+1)*block - 4
	next := int64(binary.BigEndian.Uint32(data[nextLink:]))
	pad := segment.Last // the last byte of the segment is one of padding
	head := segment.First
	size := func(b []byte) int64 {
		return int64(b[0]&0x7F)<<14 | int64(b[1]&0x7F)<<7 | int64(b[2]&0x7F)
	}
	second := head + size(data[head:]) + 6
	for _, test := range []struct {
		what   string
		change func(b []byte)
		text   string
	}{
		{"a link to no block", func(b []byte) { binary.BigEndian.PutUint32(b[nextLink:], 0) }, "links to block 0"},
		{"a link to itself", func(b []byte) { binary.BigEndian.PutUint32(b[nextLink:], uint32(segment.First/block+1)) }, "circle"},
		{"a wrong link back", func(b []byte) { binary.BigEndian.PutUint32(b[(next-1)*block:], 1+uint32(next)%3) }, "links back"},
		{"an image", func(b []byte) { b[second+9] ^= 1 }, "are not a page compressed with zlib"},
		{"a first size field", func(b []byte) { b[second+2] ^= 1 }, "do not match"},
		{"a second size field", func(b []byte) { b[second+size(b[second:])+6-1] ^= 1 }, "do not match"},
		{"the end of the padding", func(b []byte) { b[pad] ^= 0x40 }, ""},
		{"a page turned into padding", func(b []byte) {
			n := size(b[second:])
			b[second+1] &^= 0x80
			b[second+n+3+1] &^= 0x80
		}, ""},
	} {
		damaged := bytes.Clone(data)
		test.change(damaged)
		db, _, err := openBytes(damaged, engine.Options{ReadOnly: true})
		if err != nil {
			if !errors.Is(err, engine.ErrCorrupt) {
				t.Errorf("%s: %v", test.what, err)
			}
			continue
		}
		var problems []string
		for p := range db.Check(context.Background()) {
			problems = append(problems, p.String())
		}
		if len(problems) == 0 || !strings.Contains(strings.Join(problems, "\n"), test.text) {
			t.Errorf("%s: want %q, check says %q", test.what, test.text, problems[:min(len(problems), 5)])
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzCompressedFile changes bytes of a compressed database. Opening, reading, checking and
// dumping it may fail, and must not panic, hang, or take memory that the file does not hold.
func FuzzCompressedFile(f *testing.F) {
	var files [][]byte
	for _, name := range codecNames {
		data, _ := filled(f, engine.Options{Compression: name, PageSize: 256, BlockSize: 64 << 10}, 60)
		files = append(files, data)
	}
	f.Add(uint8(0), uint32(8196), []byte{0x80, 0x80, 0x80})
	f.Add(uint8(1), uint32(8192), []byte{0, 0, 0, 1})
	f.Add(uint8(2), uint32(8300), []byte{5, 1, 2, 0, 5})
	f.Add(uint8(3), uint32(65532), []byte{0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, which uint8, at uint32, change []byte) {
		data := bytes.Clone(files[int(which)%len(files)])
		copy(data[8192+int(at)%(len(data)-8192):], change)
		db, _, err := openBytes(data, engine.Options{})
		if err != nil {
			return
		}
		_, _ = scanAll(db)
		for range db.Check(context.Background()) {
		}
		_, _ = db.PageDump(int64(at))
		_ = db.Optimize(context.Background())
		_ = db.Close()
	})
}

// TestCompressedBackup copies databases of each codec into files of each codec, as rows, as
// a stream and as blocks.
func TestCompressedBackup(t *testing.T) {
	ctx := context.Background()
	for _, from := range append([]string{"none"}, codecNames...) {
		data, content := filled(t, engine.Options{Compression: from, PageSize: 1024, BlockSize: 64 << 10}, 1000)
		db, fs, err := openBytes(data, engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		expect := func(what, name, compression string) {
			t.Helper()
			got, err := engine.Open(ctx, name, engine.Options{FS: fs, Compression: compression})
			if err != nil {
				t.Fatalf("%s, %s to %s: %v", what, from, compression, err)
			}
			if rows := readAll(t, got); !maps.Equal(rows, content) {
				t.Errorf("%s, %s to %s: the copy holds something else", what, from, compression)
			}
			expectSound(t, got)
			if err := got.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for _, to := range append([]string{"", "none"}, codecNames...) {
			o := engine.BackupOptions{Compression: to}
			want := to
			if want == "" {
				want = from
			}
			if err := db.Backup(ctx, "/to-"+to, o); err != nil {
				t.Fatal(err)
			}
			expect("rows", "/to-"+to, want)
			var out bytes.Buffer
			if err := db.BackupTo(ctx, &out, o); err != nil {
				t.Fatal(err)
			}
			if err := fs.WriteFile("/stream-"+to, out.Bytes()); err != nil {
				t.Fatal(err)
			}
			expect("stream", "/stream-"+to, want)
		}
		if err := db.CopyCheckpoint(ctx, "/blocks", engine.BackupOptions{}); err != nil {
			t.Fatal(err)
		}
		expect("blocks", "/blocks", from)
		if err := db.CopyCheckpoint(ctx, "/other", engine.BackupOptions{Compression: "mirror"}); !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("an unknown codec: %v", err)
		}
		other := "lz4"
		if from == other {
			other = "none"
		}
		if _, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, ReadOnly: true, Compression: other}); !errors.Is(err, engine.ErrMismatch) {
			t.Errorf("a second handle of this process that asks for %s: %v", other, err)
		}
		if again, err := engine.Open(ctx, "/x.db", engine.Options{FS: fs, ReadOnly: true, Compression: from}); err != nil {
			t.Error(err)
		} else if err := again.Close(); err != nil {
			t.Error(err)
		}
		if err := db.CopyCheckpoint(ctx, "/other", engine.BackupOptions{Compression: other}); !errors.Is(err, engine.ErrMisuse) {
			t.Errorf("blocks with another codec: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
