// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/campaign"
	. "github.com/lsmlite/lsmlite-go/trust/histories"
)

var pictures = flag.String("histories.pictures", "", "folder for pictures of histories that cannot be explained")

// within is how long a judge tries orders of one history, far longer than any has taken.
const within = 5 * time.Minute

// judged passes a history on to porcupine.
func judged(r *recorder, unit uint64) error {
	picture := ""
	if *pictures != "" {
		picture = filepath.Join(*pictures, fmt.Sprintf("unit%d.html", unit))
	}
	if err := Linearizable(r.txns, within, picture); err != nil {
		return err
	}
	if err := Linearizable(r.others(), within, picture); err != nil {
		return fmt.Errorf("in other processes: %w", err)
	}
	return nil
}

// TestLinearizable: what clients see of a database can be explained by one order of their transactions, in which none
// is moved out of the time in which it ran: writers with levels and savepoints, snapshots that become transactions,
// snapshots that are read later, single reads, and readers as of other processes.
func TestLinearizable(t *testing.T) {
	campaign.Run(t, campaign.Campaign{
		Name: "linearizable", Cases: "transactions", Goal: 1_000_000, Brief: len(scenes), CPU: time.Second,
		Marks: []string{"a snapshot was too old to become a transaction"},
		Unit: func(unit uint64, tally *campaign.Tally) error {
			return stage(unit, func(s *scene, rng *rand.Rand) error {
				r := &recorder{clock: Counter()}
				clients := s.clients(r, rng, 3, (*client).write, (*client).upgrade, (*client).look, (*client).get)
				if err := run(clients, 30); err != nil {
					return err
				}
				n := len(r.txns) + len(r.far.txns)
				tally.Add(n)
				tally.Count(s.name, n)
				tally.Count("reads that were refused", int(r.gone.Load()))
				if r.stale.Load() > 0 {
					tally.Mark("a snapshot was too old to become a transaction")
				}
				return judged(r, unit)
			})
		},
	})
}

// TestSerializable: no circle is in longer histories, and so none of the anomalies from G0 to G2, in real time either.
func TestSerializable(t *testing.T) {
	campaign.Run(t, campaign.Campaign{
		Name: "serializable", Cases: "transactions", Goal: 10_000_000, Brief: len(scenes), CPU: time.Second,
		Unit: func(unit uint64, tally *campaign.Tally) error {
			return stage(unit, func(s *scene, rng *rand.Rand) error {
				r := &recorder{clock: Counter()}
				clients := s.clients(r, rng, 4, (*client).append, (*client).upgradeList, (*client).lookLists, nil)
				if err := run(clients, 100); err != nil {
					return err
				}
				last := &client{recorder: r, number: len(clients), way: s.reading[0], rng: rng}
				if err := last.lookAt(numLists); err != nil {
					return err
				}
				n := len(r.lists) + len(r.far.lists)
				tally.Add(n)
				tally.Count(s.name, n)
				tally.Count("reads that were refused", int(r.gone.Load()))
				return errors.Join(Graph(r.lists), Graph(r.otherLists()))
			})
		},
	})
}
