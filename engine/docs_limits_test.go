// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/internal/base"
	"github.com/lsmlite/lsmlite-go/engine/internal/filter"
	"github.com/lsmlite/lsmlite-go/engine/internal/format"
	"github.com/lsmlite/lsmlite-go/engine/internal/merge"
	"github.com/lsmlite/lsmlite-go/engine/internal/span"
)

// TestLimitsInDocuments looks for what the documents say about limits, written from the
// constants of the code. Breaks of lines do not matter.
func TestLimitsInDocuments(t *testing.T) {
	value64, value32 := wideAndNarrow(engine.MaxValueSize)
	flush64, flush32 := wideAndNarrow(engine.MaxAutoFlush)
	facts := map[string][]string{
		"file-format.md": {
			fmt.Sprintf("| page, block | %s to %s; %s to %s; at least %d pages to a block", size(format.MinPageSize), size(format.MaxPageSize),
				size(format.MinBlockSize), size(format.MaxBlockSize), format.MinPagesPerBlock),
			fmt.Sprintf("| words of a checkpoint | %d written, %d read |", format.MaxCheckpointWords, format.MetaSize/4),
			fmt.Sprintf("| %d; lsmlite flushes nothing at %d before it has merged |", format.MaxRHS, merge.MaxSegments),
			fmt.Sprintf("| redirects | %d |", format.MaxRedirects),
			fmt.Sprintf("| free-list entries in a checkpoint | %d |", format.MaxFreeEntries),
			fmt.Sprintf("| target of a jump in the log | below %s |", size(int64(format.LogMaxJump))),
			fmt.Sprintf("| first snapshot id; id of the empty database | %d; %d |", base.EmptySnapshotID+1, base.EmptySnapshotID),
			fmt.Sprintf("there would be more than %d bytes from the start", format.LogMaxUnsummed),
			fmt.Sprintf("region 2 starts at %d or later", format.LogMinWrap),
			fmt.Sprintf("from offset %d of the page on, a [note]", format.NoteOffset),
			fmt.Sprintf("| key, value that lsmlite writes | %s, %s; a value of %s in a process of 32 bits |", size(engine.MaxKeySize), value64, value32),
		},
		"architecture.md": {
			fmt.Sprintf("share a list of at most %d spans, with at most %s of keys", span.MaxSpans, size(span.MaxBytes)),
			fmt.Sprintf("*folds* spans that have %d hidden records or more", span.FoldRecords),
			fmt.Sprintf("A segment with more than %s of ranges has no filter", size(filter.MaxRangeBytes)),
			fmt.Sprintf("At %d segments, where nothing more is flushed", merge.MaxSegments),
		},
		"platforms.md": {
			fmt.Sprintf("| a value that is written (`engine.MaxValueSize`) | %s | %s |", value64, value32),
			fmt.Sprintf("| `autoflush` (`engine.MaxAutoFlush`) | %s | %s |", flush64, flush32),
		},
		"dialect.md": {
			fmt.Sprintf("| key, value | %s, %s; a value of %s in a process of 32 bits |", size(engine.MaxKeySize), value64, value32),
		},
		"tuning.md": presets(),
	}
	for name, list := range facts {
		raw, err := os.ReadFile("../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		page := strings.Join(strings.Fields(string(raw)), " ")
		for _, fact := range list {
			if !strings.Contains(page, fact) {
				t.Errorf("%s does not say %q", name, fact)
			}
		}
	}
}

// wideAndNarrow returns a limit as it is in processes of 64 and of 32 bits.
func wideAndNarrow(limit int64) (wide, narrow string) {
	return size(limit << (2 - 2*base.Wide)), size(limit >> (2 * base.Wide))
}

// presets are the rows of the table of presets.
func presets() (rows []string) {
	for _, name := range engine.PresetNames() {
		o, _ := engine.Preset(name)
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s | %s | %s | %s |", name, size(o.AutoFlush), size(o.AutoCheckpoint),
			size(o.BlockSize), size(o.CacheSize), size(o.IndexSize), o.Background))
	}
	return rows
}

// size writes a number of bytes as the documents do.
func size[N int | int64](n N) string {
	for _, unit := range []struct {
		shift uint
		name  string
	}{{30, "GiB"}, {20, "MiB"}, {10, "KiB"}} {
		if one := int64(1) << unit.shift; int64(n) >= one && int64(n)%one == 0 {
			return fmt.Sprintf("%d %s", int64(n)/one, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
