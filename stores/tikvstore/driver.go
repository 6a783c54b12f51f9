// SPDX-License-Identifier: Apache-2.0

package tikvstore

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lsmlite/lsmlite-go/engine/errs"
	"github.com/lsmlite/lsmlite-go/store"
)

const scheme = "tikv"

func init() { store.Register(scheme, store.Driver{Open: Open}) }

// Open opens the store that u names, as sql.Open does.
func Open(ctx context.Context, u *url.URL, s store.Settings) (store.Store, error) {
	o, err := parse(u, s)
	if err != nil {
		return nil, err
	}
	kv, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	st, err := newDB(ctx, kv, o)
	if err != nil {
		_ = kv.Close()
		return nil, err
	}
	return st, nil
}

// options is what a name says.
type options struct {
	pd       []string // addresses of the placement drivers
	name     string
	many     bool
	create   bool
	readOnly bool
	gc       time.Duration // for how long old states are kept; 0 if this client collects no garbage
	shown    string        // the name for errors
}

const (
	defaultName = "kv"
	// MaxName is the length of the longest name of a store in bytes.
	MaxName = 200
)

// parse reads the URL of a store.
func parse(u *url.URL, s store.Settings) (options, error) {
	o := options{name: strings.TrimPrefix(u.Path, "/"), create: s.Create && !s.ReadOnly, readOnly: s.ReadOnly,
		shown: scheme + "://" + u.Host + u.Path}
	misuse := func(format string, args ...any) (options, error) {
		return options{}, &errs.Error{Code: errs.CodeMisuse, Op: "open", Path: o.shown, Detail: fmt.Sprintf(format, args...)}
	}
	if o.name == "" {
		o.name = defaultName
	}
	switch {
	case len(o.name) > MaxName || strings.ContainsAny(o.name, "\x00/"):
		return misuse("the name of the store must have 1 to %d bytes, without zero bytes and slashes", MaxName)
	case u.User != nil:
		return misuse("TiKV knows no users; certificates are set in the configuration of its client")
	case u.Host == "":
		return misuse("there is no address of a placement driver; write tikv://host:2379/name")
	}
	if o.pd = strings.Split(u.Host, ","); slices.Contains(o.pd, "") {
		return misuse("an address of a placement driver is empty; write tikv://one:2379,two:2379/name")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return misuse("the parameters cannot be read: each %% needs two hexadecimal digits, and ; is written %%3B")
	}
	for name, values := range query {
		switch {
		case name != "writers" && name != "gc":
			return misuse("unknown parameter %q; allowed: gc, writers", name)
		case len(values) != 1:
			return misuse("%s is there %d times; say it once", name, len(values))
		case name == "writers" && values[0] != "one" && values[0] != "many":
			return misuse("bad value for writers; allowed: one, many")
		case name == "writers":
			o.many = values[0] == "many"
		default:
			o.gc, err = time.ParseDuration(values[0])
			if err != nil || o.gc < MinGC || o.gc > MaxGC {
				return misuse("bad value for gc; allowed: a duration from %v to %v, as in gc=1h", MinGC, MaxGC)
			}
			if o.readOnly {
				return misuse("gc cannot be set with mode=ro: who collects garbage writes a lease")
			}
		}
	}
	return o, nil
}

// writers is what is recorded of how many may write.
func (o *options) writers() string {
	if o.many {
		return "many"
	}
	return "one"
}
