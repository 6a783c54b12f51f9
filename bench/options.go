// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/stores"
	"github.com/lsmlite/lsmlite-go/bench/work"
	"github.com/lsmlite/lsmlite-go/internal/measure/data"
)

// options say what is measured and where the results go.
type options struct {
	command   []string // as it was given
	stores    []kv.Driver
	workloads []work.Workload
	classes   []kv.Class
	rows      []uint64
	values    []int
	rounds    int
	limit     time.Duration
	rest      time.Duration
	timeout   time.Duration
	cache     int64
	buffer    int64
	dir       string
	json      string
	view
}

// quick is what -quick sets, unless a flag says otherwise.
var quick = map[string]string{
	"stores": "lsmlite,lsmlite-sql,pebble,bbolt,badger,goleveldb,modernc,ncruces",
	"workloads": "fillrandom/1,fillrandom/1000,overwrite/1000,readrandom,readmissing,readcold,readseq,scan,readwhilewriting,ycsb-a," +
		"rangedelete,queue/100,largefill,largeread,latency,reopen",
	"class":  "N",
	"rows":   "100k",
	"values": "100",
	"rounds": "1",
	"limit":  "700ms",
	"buffer": "8MiB",
}

func parse(args []string, log io.Writer) (*options, error) {
	o := &options{command: append([]string{"bench"}, args...)}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(log)
	var (
		isQuick   = f.Bool("quick", false, "a short run of all stores in Go: 2 to 3 minutes on 2 cores")
		storeList = f.String("stores", "lsmlite,lsmlite-sql,pebble,bbolt,badger,goleveldb,modernc", "stores, of those that list shows, or all")
		workList  = f.String("workloads", "all", "workloads: names, or names with a number, as list shows them")
		classes   = f.String("class", "N,F", "durability: N is no sync for each commit, F is one")
		rows      = f.String("rows", "1M", "rows in the database; several sizes are measured one after another")
		values    = f.String("values", "100", "bytes of a value, perhaps several sizes")
		cache     = f.String("cache", "256MiB", "memory for pages or blocks that were read, for each store that has such a cache")
		buffer    = f.String("buffer", "64MiB", "memory tables of the stores without advice of their own: see README.md")
	)
	f.IntVar(&o.rounds, "rounds", 3, "repetitions of everything; those of different stores take turns")
	f.DurationVar(&o.limit, "limit", 10*time.Second, "after which a measurement ends with fewer operations; 0 is never")
	f.DurationVar(&o.rest, "rest", time.Minute, "how long a store may work on after the last operation; its CPU time counts")
	f.DurationVar(&o.timeout, "timeout", time.Hour, "after which a child is killed and counts as failed")
	f.StringVar(&o.dir, "dir", "", "folder on the disk to measure, in which a temporary folder is made; empty is the system's")
	f.StringVar(&o.json, "json", "", "file for the results as JSON, for compare")
	o.view.define(f)
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("%q is no command; there are run, list, show, compare and check", f.Arg(0))
	}
	if *isQuick {
		given := map[string]bool{}
		f.Visit(func(f *flag.Flag) { given[f.Name] = true })
		for name, value := range quick {
			if given[name] {
				continue
			}
			if err := f.Set(name, value); err != nil {
				return nil, err
			}
		}
	}
	return o, o.set(*storeList, *workList, *classes, *rows, *values, *cache, *buffer)
}

// set reads the flags that are lists or sizes.
func (o *options) set(storeList, workList, classes, rows, values, cache, buffer string) (err error) {
	if o.rounds < 1 || o.limit < 0 || o.rest < 0 || o.timeout <= 0 {
		return fmt.Errorf("%d rounds, limit %v, rest %v, timeout %v; want 1 or more, 0 or more, 0 or more, more than 0", o.rounds, o.limit, o.rest, o.timeout)
	}
	if storeList == "all" {
		o.stores = stores.All()
	} else if o.stores, err = each(storeList, stores.Find); err != nil {
		return err
	}
	if workList == "all" {
		o.workloads = work.All()
	} else {
		groups, err := each(workList, work.Find)
		if err != nil {
			return err
		}
		for _, g := range groups {
			o.workloads = append(o.workloads, g...)
		}
	}
	if o.classes, err = each(classes, kv.ParseClass); err != nil {
		return err
	}
	if o.rows, err = each(rows, parseRows); err != nil {
		return err
	}
	if o.values, err = each(values, parseValue); err != nil {
		return err
	}
	if o.cache, err = parseSize(cache); err != nil {
		return err
	}
	o.buffer, err = parseSize(buffer)
	return err
}

// each parses the parts of a list with commas, which must differ.
func each[T any](list string, parse func(string) (T, error)) (all []T, err error) {
	seen := map[string]bool{}
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		if seen[part] {
			return nil, fmt.Errorf("%s is there twice in %s", part, list)
		}
		seen[part] = true
		v, err := parse(part)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// parseRows reads a number that may end in k or M.
func parseRows(s string) (uint64, error) {
	digits, unit := strings.TrimSuffix(s, "k"), uint64(1)
	if digits != s {
		unit = 1e3
	} else if digits = strings.TrimSuffix(s, "M"); digits != s {
		unit = 1e6
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || n == 0 || n*unit > 1e10 {
		return 0, fmt.Errorf("%q rows; want a number from 1 to 10000M, such as 500k or 4M", s)
	}
	return n * unit, nil
}

func parseValue(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < data.MinValueSize || n > 1<<20 {
		return 0, fmt.Errorf("values of %q bytes; want %d to %d", s, data.MinValueSize, 1<<20)
	}
	return n, nil
}

// parseSize reads a number of bytes that may end in KiB, MiB or GiB.
func parseSize(s string) (int64, error) {
	digits, shift := s, 0
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if d, ok := strings.CutSuffix(s, unit); ok {
			digits, shift = d, 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || n <= 0 || n<<shift < 1<<20 || n<<shift > 1<<40 {
		return 0, fmt.Errorf("size %q; want 1MiB or more", s)
	}
	return n << shift, nil
}
