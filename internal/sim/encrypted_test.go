// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"bytes"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/longtest"
	"github.com/lsmlite/lsmlite-go/internal/sim"
)

// withKey runs all tests with a key. Without it every third one is.
var withKey = flag.Bool("sim.key", false, "run all simulations with encrypted databases")

// secret is the key of every encrypted database.
var secret = bytes.Repeat([]byte("key!"), 8)

// key is the one of the tests that have none of their own.
func key() []byte {
	if *withKey {
		return secret
	}
	return nil
}

// TestDamageEncrypted damages databases with a key, by accident and on purpose: what opens was committed, and
// nothing passes by chance.
func TestDamageEncrypted(t *testing.T) {
	progress := longtest.Start(t, time.Second, 5*numCases(8))
	for _, place := range []sim.DamagePlace{sim.DamageMeta, sim.DamageData, sim.DamageLog} {
		for _, killed := range []bool{false, true} {
			if place == sim.DamageLog && !killed {
				continue // a database that was closed has none
			}
			t.Run(fmt.Sprintf("%v/killed=%v", place, killed), func(t *testing.T) {
				total(t, progress, 8, func(seed uint64) (sim.DamageStats, error) {
					return sim.Damage(seed, place, killed, 50, secret)
				}, func(sum sim.DamageStats) {
					if sum.Damages == 0 || sum.Refused == 0 {
						t.Errorf("%d damages, %d refused", sum.Damages, sum.Refused)
					}
				})
			})
		}
	}
}
