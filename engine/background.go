// SPDX-License-Identifier: Apache-2.0

package engine

// Background says which goroutines work for the database, so that the callers do not.
type Background uint8

const (
	// BackgroundNone does all work as part of commits (lsm1's autowork). Nothing runs
	// when nobody calls; commits that owe work take longer than others. Only what
	// Options.IndexSize says of a goroutine holds here, too.
	BackgroundNone Background = 0
	// BackgroundMerger flushes and merges in a goroutine.
	BackgroundMerger Background = 1
	// BackgroundCheckpointer makes checkpoints in a goroutine, so that nothing else
	// waits for their syncs.
	BackgroundCheckpointer Background = 2
	// BackgroundBoth has a goroutine for each.
	BackgroundBoth = BackgroundMerger | BackgroundCheckpointer
)

// String returns the name used in settings.
func (b Background) String() string {
	switch b {
	case BackgroundNone:
		return "none"
	case BackgroundMerger:
		return "merger"
	case BackgroundCheckpointer:
		return "checkpointer"
	}
	return "both"
}
