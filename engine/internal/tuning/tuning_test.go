// SPDX-License-Identifier: Apache-2.0

package tuning_test

import (
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/tuning"
)

// TestSettingsAreReplacedAsAWhole: what a reader has loaded stays as it is, and so do the
// settings when the values are changed that they were made of.
func TestSettingsAreReplacedAsAWhole(t *testing.T) {
	var c tuning.Current
	v := tuning.Values{AutoMerge: 4, Log: true}
	c.Store(v)
	v.AutoMerge = 5
	before := c.Load()
	if before.AutoMerge != 4 {
		t.Errorf("the settings follow values that were not stored: %+v", *before)
	}
	v.Log = false
	c.Store(v)
	if *before != (tuning.Values{AutoMerge: 4, Log: true}) {
		t.Errorf("settings that were loaded have changed: %+v", *before)
	}
	if got := *c.Load(); got != v {
		t.Errorf("the settings are %+v, want %+v", got, v)
	}
}
