// SPDX-License-Identifier: Apache-2.0

package picture_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/picture"
)

// TestDocs compares the pictures in the documents with those of the load that they are of.
func TestDocs(t *testing.T) {
	shown := 0
	show := func(name string, l *engine.Layout) {
		shown++
		golden(t, "../../docs/pictures/"+name+".svg", picture.SVG(picture.Draw(l)))
		golden(t, "../../docs/pictures/"+name+".txt", []byte(picture.TextOf(l, picture.TextOptions{})))
	}
	load(t, "/data/users.lsm", 700, func(i int, l *engine.Layout) {
		switch i {
		case 383:
			show("merge", l)
		case 689:
			show("structure", l)
		}
	})
	if shown != 2 {
		t.Errorf("%d pictures", shown)
	}
}

// TestRecordingOfALoad records a load, and wants the same page each time, of bounded size.
func TestRecordingOfALoad(t *testing.T) {
	record := func() []byte {
		var r picture.Recorder
		load(t, "/data/users.lsm", 700, func(i int, l *engine.Layout) { r.Add(l, time.Duration(i)*20*time.Millisecond) })
		if n := r.Len(); n < picture.MaxFrames/2 || n > picture.MaxFrames+1 {
			t.Errorf("%d frames", n)
		}
		var page bytes.Buffer
		if err := r.Page(&page); err != nil {
			t.Fatal(err)
		}
		return page.Bytes()
	}
	a, b := record(), record()
	if !bytes.Equal(a, b) {
		t.Error("two recordings of one load differ")
	}
	if len(a) > 2<<20 {
		t.Errorf("the page has %d bytes", len(a))
	}
}
