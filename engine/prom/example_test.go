// SPDX-License-Identifier: Apache-2.0

package prom_test

import (
	"context"
	"fmt"
	"log"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/prom"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// One collector is registered, and its observer given to each database.
func Example() {
	ctx := context.Background()
	registry := prometheus.NewRegistry() // or prometheus.DefaultRegisterer
	metrics := prom.New(prom.Options{})
	if err := registry.Register(metrics); err != nil {
		log.Fatal(err)
	}
	db, err := engine.Open(ctx, "/my.lsm", engine.Options{FS: memfs.New(), Observer: metrics.Observer()})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	err = db.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("hello"), []byte("world")) })
	if err != nil {
		log.Fatal(err)
	}

	families, err := registry.Gather() // promhttp does this for each scrape
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range families {
		switch m := f.GetMetric()[0]; f.GetName() {
		case "write_times_s":
			fmt.Println(m.GetLabel()[0].GetValue(), f.GetName(), m.GetHistogram().GetSampleCount())
		case "lsmlite_commits_total":
			fmt.Println(m.GetLabel()[0].GetValue(), f.GetName(), m.GetCounter().GetValue())
		}
	}
	// Output:
	// /my.lsm lsmlite_commits_total 1
	// /my.lsm write_times_s 1
}
