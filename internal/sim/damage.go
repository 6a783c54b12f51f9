// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"math/rand/v2"
)

// damagesPerUnit is how many damages are done to one database.
const damagesPerUnit = 400

// Damage is the n-th unit of a long series of damages. It makes a random database, which was closed or killed in the
// end, and damages one part of it again and again, each time a fresh copy: of twelve units ten damage data pages, one
// meta pages and one the log. A third of the databases is encrypted, with a key all are; the others have all codecs.
//
// What must hold is at judge.
func Damage(n uint64, key []byte) (DamageStats, error) {
	stats := DamageStats{Kinds: make(map[string]int), Results: make(map[string]int), seen: make(map[string]bool)}
	place := DamageData
	switch n % 12 {
	case 0:
		place = DamageMeta
	case 6:
		place = DamageLog
	}
	rng := rand.New(rand.NewPCG(n, 99))
	round := n / 12
	killed := place == DamageLog || rng.IntN(2) == 0
	if key == nil && (n+round)%3 == 0 {
		key = keyOf(0)
	}
	d, err := newDamagedDB(rng, killed, key)
	for err == nil && d.empty(place) {
		d, err = newDamagedDB(rng, killed, key)
	}
	if err != nil {
		return stats, err
	}
	for i := range damagesPerUnit {
		var what string
		err := caught(func() (err error) {
			what, err = d.try(rng, place, i, &stats)
			return err
		})
		if err != nil {
			return stats, fmt.Errorf("encrypted %v, %s, pages %d, killed %v, damage %d, %s: %w",
				key != nil, d.options.Compression, d.options.PageSize, killed, i, what, err)
		}
	}
	// A page passes for sound once in 8192 times, if it is read at all.
	if stats.Wrong > 5 {
		return stats, fmt.Errorf("%d of %d databases show rows that were never there", stats.Wrong, stats.Damages)
	}
	return stats, nil
}
