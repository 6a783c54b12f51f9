// SPDX-License-Identifier: Apache-2.0

package sim

// DamagePlace is the part of a database that is damaged.
type DamagePlace uint8

// The parts.
const (
	DamageMeta DamagePlace = iota // a meta page
	DamageData                    // the database file after the meta pages
	DamageLog
)

// String names the part.
func (p DamagePlace) String() string { return [...]string{"meta", "data", "log"}[p] }

// DamageStats counts damages, by place and kind, and their results.
type DamageStats struct {
	Damages        int // changed files that were opened
	Kinds, Results map[string]int
	// Wrong counts damages of which one reading or another shows something else without an error, though not an older
	// state or an empty one: a page whose sum of 13 bits fits by chance, or a log in which the highest bits of two
	// words of 32 bits or more were flipped, which lsm1's checksum may miss.
	Wrong int

	seen map[string]bool // damages that Wrong counts
}

func (s *DamageStats) count(result string) { s.Results[result]++ }

// wrong counts a damage unless it was done before.
func (s *DamageStats) wrong(what string) {
	if !s.seen[what] {
		s.seen[what] = true
		s.Wrong++
	}
}
