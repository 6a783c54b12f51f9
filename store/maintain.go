// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"iter"

	"github.com/lsmlite/lsmlite-go/engine"
)

// What a Maintainer's calls take, for callers that do not know the engine.
type (
	WorkOptions   = engine.WorkOptions
	BackupOptions = engine.BackupOptions
)

// Maintainer is what a Store of files offers beyond statements, for PRAGMA: its settings,
// maintenance and reports. A store that is no Maintainer refuses those.
type Maintainer interface {
	Options() engine.Options
	Set(change func(*engine.Options)) error

	Flush(ctx context.Context, report ...func(engine.Progress)) error
	Checkpoint(ctx context.Context) (engine.Progress, error)
	Work(ctx context.Context, o engine.WorkOptions) (engine.Progress, error)
	Optimize(ctx context.Context, report ...func(engine.Progress)) error
	Backup(ctx context.Context, path string, o engine.BackupOptions) error
	Check(ctx context.Context) iter.Seq[engine.Problem]

	Stats() engine.Stats
	Structure() []engine.LevelInfo
	FreeList() []engine.FreeBlock
	LogStructure() [3]engine.LogRegion
	TreeSize() (old, live int64)
	CheckpointSize() int64
	CompressionID() uint32
}

// Skipper is a Maintainer that can read around what is damaged.
type Skipper interface {
	Skipped() []engine.DamagedRange
}

// Attacher is a Store that may show what another process writes.
type Attacher interface {
	Attached() (engine.Attachment, bool)
}

// Inspector is a Maintainer that can show its file, down to the bytes.
type Inspector interface {
	SegmentRanges(first int64) ([]engine.PageRange, error)
	SegmentPages(first int64) ([]int64, error)
	Page(page int64) (engine.PageInfo, error)
	PageDump(page int64) (string, error)
	PageHexDump(page int64) (string, error)
	FreeListSize() (blocks, entries int)
	Pins() (engine.PinReport, error)
}
