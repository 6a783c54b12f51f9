// SPDX-License-Identifier: Apache-2.0

// Package stores lists the stores that the program was built with. Those that need C are there if it
// was built with cgo, or with the tags that README.md names.
package stores

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/stores/badger"
	"github.com/lsmlite/lsmlite-go/bench/stores/bbolt"
	"github.com/lsmlite/lsmlite-go/bench/stores/goleveldb"
	"github.com/lsmlite/lsmlite-go/bench/stores/lsmlite"
	"github.com/lsmlite/lsmlite-go/bench/stores/modernc"
	"github.com/lsmlite/lsmlite-go/bench/stores/ncruces"
	"github.com/lsmlite/lsmlite-go/bench/stores/pebble"
)

// All returns all stores, in the order of the reports.
func All() []kv.Driver {
	all := append([]kv.Driver{
		lsmlite.Default(),
		lsmlite.HighPerformance(),
		lsmlite.LowMemory(),
		lsmlite.LSMLiteRS(),
		lsmlite.Index(),
		lsmlite.SQL(),
		pebble.Driver(),
		bbolt.Driver(),
		badger.Driver(),
		goleveldb.Driver(),
		modernc.Driver(),
		ncruces.Driver(),
	}, withCgo()...)
	for _, driver := range tagged {
		all = append(all, driver())
	}
	return all
}

// Find returns the store of that name.
func Find(name string) (kv.Driver, error) {
	all := All()
	i := slices.IndexFunc(all, func(d kv.Driver) bool { return d.Name == name })
	if i < 0 {
		return kv.Driver{}, fmt.Errorf("this program has no store %q; it has %s", name, strings.Join(Names(), ", "))
	}
	return all[i], nil
}

// Names returns the names of all stores.
func Names() []string {
	var names []string
	for _, d := range All() {
		names = append(names, d.Name)
	}
	return names
}

// Version returns the version of a store: that of its module in this program, unless the driver
// names another.
func Version(d kv.Driver) string {
	if d.Version != "" {
		return d.Version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range info.Deps {
		switch {
		case m.Path != d.Module:
		case m.Replace != nil:
			return "this tree"
		default:
			return m.Version
		}
	}
	return "unknown"
}
