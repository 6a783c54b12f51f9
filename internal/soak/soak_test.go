// SPDX-License-Identifier: Apache-2.0

package soak_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/campaign"
	"github.com/lsmlite/lsmlite-go/internal/soak"
)

var dir = flag.String("soak.dir", "", "folder in which the databases are; a temporary one if empty")

// TestSoak does operations of all kinds on four databases in different modes, which stay open for most of the time, and
// compares all that they answer with a model. Memory, files, goroutines and open files stay within bounds.
func TestSoak(t *testing.T) {
	folder := *dir
	if folder == "" {
		folder = t.TempDir()
	}
	s := soak.New(folder)
	campaign.Run(t, campaign.Campaign{
		Name: "soak", Cases: "operations", Goal: 100_000_000, Brief: 4, CPU: 3 * time.Second, Patience: 20 * time.Minute,
		Marks: []string{"heap in use after a collection: within its bound"},
		Unit: func(unit uint64, tally *campaign.Tally) error {
			ops, counts, err := s.Run(unit, 100_000)
			tally.Add(ops)
			for kind, n := range counts {
				tally.Count(kind, n)
			}
			if err != nil {
				return err
			}
			u := soak.Measure()
			tally.Count(fmt.Sprintf("heap in use: %3d to %3d MiB", u.Live>>24<<4, u.Live>>24<<4+16), 1)
			if u.Resident > 0 {
				tally.Count(fmt.Sprintf("resident: %3d to %3d MiB", u.Resident>>26<<6, u.Resident>>26<<6+64), 1)
			}
			if err := u.Bounded(); err != nil {
				return err
			}
			tally.Mark("heap in use after a collection: within its bound")
			return nil
		},
	})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
