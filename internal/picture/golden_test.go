// SPDX-License-Identifier: Apache-2.0

package picture_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/picture"
)

var update = flag.Bool("update", false, "write the golden files and the pictures of the documents again")

// golden compares with a file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v; the flag -update makes it", err)
	}
	if want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")); !bytes.Equal(got, want) {
		t.Errorf("%s differs; the flag -update writes it again. Got:\n%s", name, got[:min(len(got), 3000)])
	}
}

// fixed is a layout that shows everything there is.
func fixed() *engine.Layout {
	key := func(s string) *engine.LayoutKey { return &engine.LayoutKey{Bytes: []byte(s), Len: len(s)} }
	seg := func(level, age int, role string, pages, blocks int64, first, last string) engine.LayoutSegment {
		return engine.LayoutSegment{
			SegmentInfo: engine.SegmentInfo{Role: role, First: 100 * int64(level+1), Last: 100*int64(level+1) + pages, Pages: pages},
			Level:       level, Age: age, Bytes: pages * 4096, Blocks: blocks, FirstKey: key(first), LastKey: key(last),
		}
	}
	l := &engine.Layout{
		Path: "/data/<fixed> & co.lsm", PageSize: 4096, BlockSize: 64 << 10, Codec: "zstd", FileBytes: 24*65536 + 1000, Blocks: 24, FreeBlocks: 7,
		Snapshot: 41, Checkpoint: 40, Commit: 9000, Levels: 4, Grain: 1,
		Segments: []engine.LayoutSegment{
			seg(0, 0, engine.RoleRun, 20, 2, "apple", "melon"), seg(1, 0, engine.RoleRun, 30, 2, "banana", "zebra"),
			seg(2, 2, engine.RoleOutput, 60, 4, "apple", "grape"), seg(2, 2, engine.RoleInput, 40, 3, "guava", "zebra"),
			seg(2, 2, engine.RoleInput, 50, 4, "hazel", "yam"), seg(3, 3, engine.RoleRun, 1, 1, "", ""),
		},
		Jobs: []engine.LayoutJob{
			{Flush: true, Output: -1, Pages: 10}, {Inputs: []int{0, 1}, Output: -1, Pages: 12, InputPages: 50},
			{Inputs: []int{3, 4}, Output: 2, Pages: 60, InputPages: 150},
		},
		Log: [3]engine.LogRegion{{Start: 5000, End: 9000}, {}, {Start: 0, End: 1200}}, LogFileBytes: 16384, LiveBytes: 300_000, OldBytes: 1 << 20,
		Pins: []engine.Pin{{Snapshot: 39, Commit: 8000, Count: 2, HeldBlocks: 2}},
	}
	l.Segments[5].FreelistOnly, l.Segments[5].FirstKey, l.Segments[5].LastKey = true, nil, nil
	l.Segments[4].Problem = "page 350: links to block 99; the file has 24"
	at := int64(0)
	add := func(end float64, use string, segment, job int) {
		e := engine.Extent{Start: at, End: int64(end * 65536), Use: use, Segment: segment, Job: job}
		if use == engine.ExtentWaiting || use == engine.ExtentPinned {
			e.Until = 38
		}
		l.Extents, at = append(l.Extents, e), e.End
	}
	add(0.125, engine.ExtentMeta, -1, -1)
	add(1.25, engine.ExtentSegment, 0, -1)
	add(2, engine.ExtentRest, -1, -1)
	add(3.9, engine.ExtentSegment, 1, -1)
	add(4, engine.ExtentWriting, -1, 0)
	add(5, engine.ExtentWriting, -1, 1)
	add(6, engine.ExtentSetAside, -1, -1)
	add(10, engine.ExtentSegment, 2, -1)
	add(12, engine.ExtentFree, -1, -1)
	add(14, engine.ExtentWaiting, -1, -1)
	add(16, engine.ExtentPinned, -1, -1)
	add(18.5, engine.ExtentSegment, 3, -1)
	add(19, engine.ExtentSegment, 5, -1)
	add(22.25, engine.ExtentSegment, 4, -1)
	add(23, engine.ExtentRest, -1, -1)
	add(24, engine.ExtentUnknown, -1, -1)
	l.Extents = append(l.Extents, engine.Extent{Start: at, End: l.FileBytes, Use: engine.ExtentTail, Segment: -1, Job: -1})
	return l
}

func TestGolden(t *testing.T) {
	l := fixed()
	golden(t, "testdata/fixed.svg", picture.SVG(picture.Draw(l)))
	golden(t, "testdata/fixed.txt", []byte(picture.TextOf(l, picture.TextOptions{})))
	golden(t, "testdata/fixed-colors.txt", []byte(picture.TextOf(l, picture.TextOptions{Width: 100, Colors: true, Rows: 2})))
	var page bytes.Buffer
	if err := picture.Page(&page, l); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/fixed.html", page.Bytes())
	empty := &engine.Layout{Path: "/new.lsm", PageSize: 4096, BlockSize: 1 << 20, Grain: 1}
	golden(t, "testdata/empty.txt", []byte(picture.TextOf(empty, picture.TextOptions{})))
	golden(t, "testdata/empty.svg", picture.SVG(picture.Draw(empty)))
}

// TestHostileTexts: whatever keys, names and problems are, an SVG is sound XML whose elements are those that pictures
// have, a page has no element and no address that it should not have, and a text turns no terminal around.
func TestHostileTexts(t *testing.T) {
	address := regexp.MustCompile(`(?i)(\b(src|href|action)\s*=|url\(|@import|https?:|//)`)
	for seed := range uint64(40) {
		l := randomLayout(rand.New(rand.NewPCG(seed, 6)))
		svg := picture.SVG(picture.Draw(l))
		elements := make(map[string]int)
		for dec := xml.NewDecoder(bytes.NewReader(svg)); ; {
			tok, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if e, ok := tok.(xml.StartElement); ok {
				elements[e.Name.Local]++
				for _, a := range e.Attr {
					if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
						t.Errorf("seed %d: attribute %s", seed, a.Name.Local)
					}
				}
			}
		}
		for e := range elements {
			if !strings.Contains(" svg style rect path text title desc g ", " "+e+" ") {
				t.Errorf("seed %d: element %s", seed, e)
			}
		}
		var page bytes.Buffer
		if err := picture.Page(&page, l); err != nil {
			t.Fatal(err)
		}
		if low := strings.ToLower(page.String()); strings.Contains(low, "<script") || strings.Contains(low, "<!--") || strings.Count(low, "</svg>") != 1 ||
			strings.Count(low, "</title></svg>") != 0 {
			t.Errorf("seed %d: a text became markup", seed)
		}
		tags := regexp.MustCompile(`<[^>]*>`).FindAllString(page.String(), -1)
		for _, tag := range tags {
			if address.MatchString(tag) {
				t.Errorf("seed %d: an address in %s", seed, tag)
			}
		}
		text := picture.TextOf(l, picture.TextOptions{})
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("seed %d: a line of %d characters: %s", seed, n, line)
			}
		}
		if strings.ContainsAny(text, "\x1b\x00\u202e") {
			t.Errorf("seed %d: control characters in %q", seed, text)
		}
	}
}
