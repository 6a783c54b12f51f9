// SPDX-License-Identifier: Apache-2.0

package pictures

import (
	"encoding/hex"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/engine"
)

// document is a layout in JSON, with names like those of stats. Sizes are in bytes.
type document struct {
	File       string    `json:"file"`
	PageSize   int64     `json:"page_size"`
	BlockSize  int64     `json:"block_size"`
	Codec      string    `json:"compression"`
	Cipher     string    `json:"cipher"`
	FileBytes  int64     `json:"file_bytes"`
	Blocks     int64     `json:"blocks"`
	FreeBlocks int64     `json:"free_blocks"`
	Snapshot   int64     `json:"snapshot"`
	Checkpoint int64     `json:"checkpoint"`
	Levels     int       `json:"levels"`
	Segments   []segment `json:"segments"`
	Jobs       []job     `json:"jobs"`
	Extents    []extent  `json:"extents"`
	Grain      int64     `json:"grain"`
	Log        []region  `json:"log"`
	LogBytes   int64     `json:"log_file_bytes"`
	LiveBytes  int64     `json:"live_bytes"`
	OldBytes   int64     `json:"old_bytes"`
	Pins       []pin     `json:"pins"`
}

type segment struct {
	Level        int    `json:"level"`
	Age          int    `json:"age"`
	Role         string `json:"role"`
	FreelistOnly bool   `json:"freelist_only"`
	First        int64  `json:"first_page"`
	Last         int64  `json:"last_page"`
	Root         int64  `json:"root_page"`
	Bytes        int64  `json:"bytes"`
	Blocks       int64  `json:"blocks"`
	FirstKey     *key   `json:"first_key"`
	LastKey      *key   `json:"last_key"`
	Problem      string `json:"problem,omitempty"`
}

// key is the beginning of a key: text if it is UTF-8, else hexadecimal digits. Len is the length of all of it.
type key struct {
	Text *string `json:"text,omitempty"`
	Hex  *string `json:"hex,omitempty"`
	Len  int     `json:"len"`
}

type job struct {
	Kind       string `json:"kind"`
	Inputs     []int  `json:"inputs"` // places in segments
	Output     *int   `json:"output"`
	Pages      int64  `json:"pages"`
	InputPages int64  `json:"input_pages"`
}

type extent struct {
	Start   int64  `json:"start"`
	End     int64  `json:"end"`
	Use     string `json:"use"`
	Segment *int   `json:"segment,omitempty"`
	Job     *int   `json:"job,omitempty"`
	Until   int64  `json:"until,omitempty"`
}

type region struct {
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

type pin struct {
	Snapshot   int64   `json:"snapshot"`
	Commit     int64   `json:"commit"`
	Count      int64   `json:"count"`
	Age        float64 `json:"age"` // seconds
	HeldBlocks int64   `json:"held_blocks"`
}

func documentOf(l *engine.Layout) *document {
	d := &document{
		File: l.Path, PageSize: l.PageSize, BlockSize: l.BlockSize, Codec: l.Codec, Cipher: l.Cipher,
		FileBytes: l.FileBytes, Blocks: l.Blocks,
		FreeBlocks: l.FreeBlocks, Snapshot: l.Snapshot, Checkpoint: l.Checkpoint, Levels: l.Levels, Grain: l.Grain,
		LogBytes: l.LogFileBytes, LiveBytes: l.LiveBytes, OldBytes: l.OldBytes,
		Segments: []segment{}, Jobs: []job{}, Extents: []extent{}, Log: []region{}, Pins: []pin{}, // programs want lists, not null
	}
	if d.Codec == "" {
		d.Codec = "none"
	}
	if d.Cipher == "" {
		d.Cipher = "none"
	}
	for _, s := range l.Segments {
		d.Segments = append(d.Segments, segment{
			Level: s.Level, Age: s.Age, Role: s.Role, FreelistOnly: s.FreelistOnly, First: s.First, Last: s.Last, Root: s.Root,
			Bytes: s.Bytes, Blocks: s.Blocks, FirstKey: keyOf(s.FirstKey), LastKey: keyOf(s.LastKey), Problem: s.Problem,
		})
	}
	for _, j := range l.Jobs {
		kind := "merge"
		if j.Flush {
			kind = "flush"
		}
		d.Jobs = append(d.Jobs, job{Kind: kind, Inputs: append([]int{}, j.Inputs...), Output: number(j.Output), Pages: j.Pages, InputPages: j.InputPages})
	}
	for _, e := range l.Extents {
		d.Extents = append(d.Extents, extent{Start: e.Start, End: e.End, Use: e.Use, Segment: number(e.Segment), Job: number(e.Job), Until: e.Until})
	}
	for _, r := range l.Log {
		if r.End > r.Start {
			d.Log = append(d.Log, region(r))
		}
	}
	for _, p := range l.Pins {
		d.Pins = append(d.Pins, pin{Snapshot: p.Snapshot, Commit: p.Commit, Count: p.Count, Age: p.Age.Seconds(), HeldBlocks: p.HeldBlocks})
	}
	return d
}

// number is nil for what is no place in a list.
func number(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}

func keyOf(k *engine.LayoutKey) *key {
	if k == nil {
		return nil
	}
	out := &key{Len: k.Len}
	if s := string(k.Bytes); utf8.ValidString(s) {
		out.Text = &s
	} else {
		s := hex.EncodeToString(k.Bytes)
		out.Hex = &s
	}
	return out
}
