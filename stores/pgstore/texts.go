// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/lsmlite/lsmlite-go/store"
)

// texts are all statements that are sent, except those that begin and end transactions. They are the same for
// the life of a store, so that pgx prepares each once for a connection.
type texts struct {
	get, length, short, part string
	put, puts, hold, holds   string
	del, dels, delRange      string
	mark, fresh, lock        string
	last                     string // the parameter of mark
	scans, flows             [scanTexts]string
	counts                   [scanTexts]string
}

// scanTexts is how many kinds of range there are: ends (none, open, closed) twice, direction, keys only.
const scanTexts = 3 * 3 * 2 * 2

func newTexts(table string) *texts {
	kv, small, last := quoted(table), quoted(table+suffix), quoted(table+lastSuffix)
	insert := `INSERT INTO ` + kv + ` AS kept (key, value) ` // a table may be named excluded, which has a meaning of its own
	t := &texts{
		get:    `SELECT value FROM ` + kv + ` WHERE key = $1`,
		length: `SELECT octet_length(value) FROM ` + kv + ` WHERE key = $1`,
		short: `SELECT octet_length(value), CASE WHEN octet_length(value) <= $2::int THEN value END FROM ` + kv +
			` WHERE key = $1`,
		part: `SELECT substring(value FROM $2::int FOR $3::int) FROM ` + kv + ` WHERE key = $1`,
		put: insert + `VALUES ($1::bytea, $2::bytea)` +
			` ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
		puts: insert + `SELECT * FROM unnest($1::bytea[], $2::bytea[])` +
			` ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
		hold:     `SELECT FROM ` + kv + ` WHERE key = $1 FOR NO KEY UPDATE`,
		holds:    `SELECT FROM ` + kv + ` WHERE key = ANY($1::bytea[]) FOR NO KEY UPDATE`,
		del:      `DELETE FROM ` + kv + ` WHERE key = $1`,
		dels:     `DELETE FROM ` + kv + ` WHERE key = ANY($1::bytea[])`,
		delRange: `DELETE FROM ` + kv + ` WHERE key > $1 AND key < $2`,
		last:     last,
		mark:     `SELECT setval($1::text::regclass, pg_current_xact_id()::text::bigint)`,
		fresh:    `SELECT pg_visible_in_snapshot(last_value::text::xid8, pg_current_snapshot()) FROM ` + last,
		lock:     `LOCK TABLE ` + small + ` IN SHARE ROW EXCLUSIVE MODE`,
	}
	for _, lo := range []end{endNone, endOpen, endClosed} {
		for _, hi := range []end{endNone, endOpen, endClosed} {
			for _, reverse := range []bool{false, true} {
				for _, keysOnly := range []bool{false, true} {
					k := kind{lo, hi, reverse, keysOnly}
					t.scans[k.index()] = k.scan(kv)
					t.flows[k.index()] = k.flow(kv)
					t.counts[k.index()] = `SELECT count(*) FROM ` + kv + k.where(new(int))
				}
			}
		}
	}
	return t
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

type end int

const (
	endNone end = iota
	endOpen
	endClosed
)

// kind is what a range has to do with the text of its statement.
type kind struct {
	lo, hi            end
	reverse, keysOnly bool
}

func kindOf(r *store.Range) kind {
	k := kind{reverse: r.Reverse, keysOnly: r.KeysOnly}
	if r.HasLo {
		k.lo = endClosed
		if r.LoOpen {
			k.lo = endOpen
		}
	}
	if r.HasHi {
		k.hi = endClosed
		if r.HiOpen {
			k.hi = endOpen
		}
	}
	return k
}

func (k kind) index() int {
	i := int(k.lo)*3 + int(k.hi)
	if i *= 4; k.reverse {
		i += 2
	}
	if k.keysOnly {
		i++
	}
	return i
}

// scan is the statement for a page. Its parameters are the ends that there are, lower first; with values, the
// longest one that is sent with its key; and the number of rows.
func (k kind) scan(kv string) string {
	n := 0
	where := k.where(&n)
	columns := `key, octet_length(value)`
	if !k.keysOnly {
		columns += `, CASE WHEN octet_length(value) <= ` + param(&n) + `::int THEN value END`
	}
	return k.page(columns, kv, where, param(&n))
}

// flow is the statement for a page from which no value is left out. Its parameters are the ends, and the number of
// rows.
func (k kind) flow(kv string) string {
	n := 0
	where := k.where(&n)
	columns := `key, value`
	if k.keysOnly {
		columns = `key, octet_length(value)`
	}
	return k.page(columns, kv, where, param(&n))
}

func (k kind) page(columns, kv, where, limit string) string {
	order := ` ORDER BY key`
	if k.reverse {
		order += ` DESC`
	}
	return `SELECT ` + columns + ` FROM ` + kv + where + order + ` LIMIT ` + limit + `::int`
}

func (k kind) where(n *int) string {
	var conditions []string
	if k.lo != endNone {
		conditions = append(conditions, `key >`+[]string{"", "", "="}[k.lo]+` `+param(n))
	}
	if k.hi != endNone {
		conditions = append(conditions, `key <`+[]string{"", "", "="}[k.hi]+` `+param(n))
	}
	if conditions == nil {
		return ""
	}
	return ` WHERE ` + strings.Join(conditions, ` AND `)
}

// param is the next parameter after n others.
func param(n *int) string {
	*n++
	return "$" + string(rune('0'+*n))
}

// ends are the parameters of r's ends.
func ends(r *store.Range) []any {
	args := make([]any, 0, 4)
	if r.HasLo {
		args = append(args, full(r.Lo))
	}
	if r.HasHi {
		args = append(args, full(r.Hi))
	}
	return args
}

// full is b, which is never nil: pgx sends nil as NULL.
func full(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
