// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"slices"
	"testing"

	"github.com/lsmlite/lsmlite-go/bench/report"
	"github.com/lsmlite/lsmlite-go/bench/stores"
	"github.com/lsmlite/lsmlite-go/bench/work"
)

// TestTargets: the targets are about workloads and stores that there are. Those of C libraries,
// which this program may have been built without, are reported as not measured.
func TestTargets(t *testing.T) {
	elsewhere := []string{"mattn", "lmdb", "rocksdb", "lsm1"}
	f, err := os.Open("targets.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	targets, err := report.DecodeTargets(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range targets {
		found, err := work.Find(target.Workload)
		if err != nil {
			t.Errorf("%s: %v", target.Name, err)
		}
		if target.Batch > 0 && !slices.ContainsFunc(found, func(w work.Workload) bool { return w.Batch == target.Batch }) {
			t.Errorf("%s: %s has no batches of %d", target.Name, target.Workload, target.Batch)
		}
		for _, store := range []string{target.Store, target.Peer} {
			if _, err := stores.Find(store); store != "" && err != nil && !slices.Contains(elsewhere, store) {
				t.Errorf("%s: %v", target.Name, err)
			}
		}
	}
}
