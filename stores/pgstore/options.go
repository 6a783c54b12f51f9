// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of what a row and a transaction may hold. The b-tree of the server refuses keys over 2,692 bytes, and
// nothing that it makes of a value may reach 1 GiB: as text a byte may take four.
const (
	MaxKey   = 2600
	MaxValue = 128 << 20
	MaxTx    = 256 << 20
)

const (
	// maxTable is the longest name of a table in bytes: the server cuts names to 63 bytes without an error,
	// and what belongs to the table has longer ones.
	maxTable = 63 - len(lastSuffix)
	suffix   = "_lsmlite"
	// lastSuffix ends the name of a sequence: see writing.
	lastSuffix = "_lsmlite_xid"
	maxText    = 1 << 16 // bytes of a whole name
	formatNow  = 1       // the format of the tables

	defaultPoolWait = 30 * time.Second
)

// names are the parameters of a name that are this package's own. All others are pgx's.
var names = []string{"table", "writers", "isolation", "pool_wait", "unsupported_server"}

// options are this package's part of a name.
type options struct {
	table        string
	many         bool // writers=many
	serializable bool
	unsupported  bool          // unsupported_server=1
	poolWait     time.Duration // how long an exhausted pool is waited for
	create       bool          // mode=rwc
	readOnly     bool          // mode=ro
	commit       string        // synchronous_commit, empty for the server's own
}

// split takes this package's parameters out of u and returns the name that is left for pgx.
func split(u *url.URL) (rest string, o options, err error) {
	o = options{table: "kv", poolWait: defaultPoolWait}
	if len(u.RawQuery) > maxText {
		return "", o, fmt.Errorf("the name has %d bytes of parameters, more than %d", len(u.RawQuery), maxText)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", o, fmt.Errorf("the parameters cannot be read: each %% needs two hexadecimal digits, and ; is written %%3B")
	}
	isolation := ""
	for _, name := range names {
		values, found := query[name]
		if !found {
			continue
		}
		if len(values) > 1 {
			return "", o, fmt.Errorf("%s is set twice", name)
		}
		delete(query, name)
		if name == "isolation" {
			isolation = values[0]
			continue
		}
		if err := o.set(name, values[0]); err != nil {
			return "", o, err
		}
	}
	if err := o.setIsolation(isolation); err != nil {
		return "", o, err
	}
	left := *u
	left.RawQuery = query.Encode()
	return left.String(), o, nil
}

func (o *options) set(name, value string) (err error) {
	switch name {
	case "table":
		o.table = value
		return checkTable(value)
	case "writers":
		if value != "one" && value != "many" {
			return fmt.Errorf("writers=%.40q; want one or many", value)
		}
		o.many = value == "many"
	case "pool_wait":
		o.poolWait, err = time.ParseDuration(value)
		if err != nil || o.poolWait <= 0 || o.poolWait > time.Hour {
			return fmt.Errorf("pool_wait=%.40q; want a time up to 1h, as 30s", value)
		}
	case "unsupported_server":
		if o.unsupported, err = strconv.ParseBool(value); err != nil {
			return fmt.Errorf("unsupported_server=%.40q; want 1 or 0", value)
		}
	}
	return nil
}

func (o *options) setIsolation(value string) error {
	switch value {
	case "", "snapshot":
	case "serializable":
		if !o.many {
			return fmt.Errorf("isolation=serializable needs writers=many: transactions of one writer are serializable as they are")
		}
		o.serializable = true
	default:
		return fmt.Errorf("isolation=%.40q; want snapshot or serializable", value)
	}
	return nil
}

// checkTable refuses names that the server would change, or that cannot be sent. All others are quoted.
func checkTable(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("table is empty; leave it out for kv")
	case len(name) > maxTable:
		return fmt.Errorf("the name of the table has %d bytes, more than %d", len(name), maxTable)
	case !utf8.ValidString(name) || strings.ContainsRune(name, 0):
		return fmt.Errorf("the name of the table is not UTF-8, or has a zero byte")
	}
	return nil
}

// writers is the word for how many may write.
func (o *options) writers() string {
	if o.many {
		return "many"
	}
	return "one"
}

// level is the isolation level of transactions that may write, and of their snapshots.
func (o *options) level() string {
	if o.serializable {
		return "SERIALIZABLE"
	}
	return "REPEATABLE READ"
}
