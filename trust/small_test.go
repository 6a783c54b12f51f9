// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/internal/campaign"
)

// TestSmallCampaign is run by TestRun, too, with the flags of a campaign.
func TestSmallCampaign(t *testing.T) {
	var units atomic.Int64
	campaign.Run(t, campaign.Campaign{Name: "small", Cases: "things", Goal: 30, Brief: 2, Unit: func(unit uint64, tally *campaign.Tally) error {
		tally.Add(5)
		if n := units.Add(1); n > 6+2*1024 {
			return fmt.Errorf("unit %d is the %dth", unit, n)
		}
		return nil
	}})
	if units.Load() < 2 {
		t.Errorf("%d units", units.Load())
	}
}

// TestLongCampaign goes on for minutes where TestRunEndsWithItsContext says so.
func TestLongCampaign(t *testing.T) {
	if os.Getenv("TRUST_LONG") == "" {
		t.Skip("it is for TestRunEndsWithItsContext")
	}
	time.Sleep(10 * time.Minute)
}
