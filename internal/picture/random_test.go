// SPDX-License-Identifier: Apache-2.0

package picture_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/lsmlite/lsmlite-go/engine"
)

// randomLayout makes a layout of any shape that the engine could make: segments with hostile keys, merges, and extents
// that make up the file.
func randomLayout(rng *rand.Rand) *engine.Layout {
	l := &engine.Layout{
		Path: "/data/" + hostileTexts[rng.IntN(len(hostileTexts))], PageSize: 4096, BlockSize: 64 << 10, Grain: 1, Blocks: rng.Int64N(100 + rng.Int64N(2)*5000),
		LiveBytes: rng.Int64N(1 << 20), OldBytes: rng.Int64N(2) * rng.Int64N(1<<20), Snapshot: rng.Int64N(1000),
	}
	l.FileBytes = l.Blocks * l.BlockSize
	for l.Levels = 0; l.Levels < rng.IntN(12); l.Levels++ {
		age := l.Levels / 3
		roles := []string{engine.RoleRun}
		if rng.IntN(5) == 0 {
			roles = []string{engine.RoleOutput, engine.RoleInput, engine.RoleInput}
		}
		for _, role := range roles {
			s := engine.LayoutSegment{SegmentInfo: engine.SegmentInfo{Role: role, Pages: rng.Int64N(5000)}, Level: l.Levels, Age: age}
			s.Bytes, s.FreelistOnly = s.Pages*l.PageSize, rng.IntN(9) == 0
			if !s.FreelistOnly {
				s.FirstKey, s.LastKey = randomKey(rng), randomKey(rng)
			}
			if rng.IntN(9) == 0 {
				s.Problem = hostileTexts[rng.IntN(len(hostileTexts))]
			}
			l.Segments = append(l.Segments, s)
		}
	}
	if n := len(l.Segments); n > 1 {
		l.Jobs = append(l.Jobs, engine.LayoutJob{Inputs: []int{n - 2, n - 1}, Output: -1, Pages: rng.Int64N(100), InputPages: 100})
	}
	if l.OldBytes > 0 {
		l.Jobs = append(l.Jobs, engine.LayoutJob{Flush: true, Output: -1, Pages: rng.Int64N(100)})
	}
	l.Log[0] = engine.LogRegion{Start: 100, End: 100 + rng.Int64N(1000)}
	l.LogFileBytes = 2000
	fillRandom(rng, l)
	return l
}

func fillRandom(rng *rand.Rand, l *engine.Layout) {
	end := l.Blocks * l.BlockSize
	if end == 0 {
		return
	}
	l.Extents = []engine.Extent{{End: 8192, Use: engine.ExtentMeta, Segment: -1, Job: -1}}
	uses := []string{engine.ExtentSegment, engine.ExtentRest, engine.ExtentWriting, engine.ExtentSetAside, engine.ExtentFree, engine.ExtentWaiting,
		engine.ExtentPinned, engine.ExtentUnknown}
	for at := int64(8192); at < end; {
		e := engine.Extent{Start: at, End: min(end, at+4096*(1+rng.Int64N(300))), Use: uses[rng.IntN(len(uses))], Segment: -1, Job: -1}
		if e.Use == engine.ExtentSegment {
			if len(l.Segments) == 0 {
				continue
			}
			e.Segment = rng.IntN(len(l.Segments))
		}
		if e.Use == engine.ExtentWriting && len(l.Jobs) > 0 {
			e.Job = rng.IntN(len(l.Jobs))
		}
		l.Extents = append(l.Extents, e)
		at = e.End
	}
}

// hostileTexts are what keys and names may be made of by those who want a page to do something else.
var hostileTexts = []string{
	"plain", "", "</script><script>alert(1)</script>", "<!--", "]]>", `" onload="alert(1)`, "'", "&amp;", "</title></svg>", "\x00\x01\xff\xfe",
	"\u202eright to left", "{{.Title}}", "-->", "line\nbreak", "\ufffe", "a\u0301", "\\u003c", "`${1}`", "x\x1b[31m",
}

func randomKey(rng *rand.Rand) *engine.LayoutKey {
	var b []byte
	if rng.IntN(3) == 0 {
		b = []byte(hostileTexts[rng.IntN(len(hostileTexts))])
	} else {
		b = fmt.Appendf(nil, "key%d", rng.IntN(100000))
	}
	if b == nil {
		b = []byte{}
	}
	return &engine.LayoutKey{Bytes: b, Len: len(b) + rng.IntN(2)}
}
