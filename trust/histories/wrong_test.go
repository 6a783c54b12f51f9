// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/lsmlite/lsmlite-go/trust/histories"
)

func put(k int, v uint32) Op { return Op{Kind: Put, Key: k, Value: v} }
func get(k int, v uint32) Op { return Op{Kind: Get, Key: k, Value: v} }

// txn is a transaction that took some time, of a client of its own.
func txn(call, end int64, ops ...Op) Txn {
	return Txn{Client: int(call), Ops: ops, Call: call, Return: end}
}

func as(t Txn, o Outcome) Txn {
	t.Outcome = o
	return t
}

// TestWrongOrdersAreFound gives the judge histories that cannot be explained, each next to one that differs from it in
// one place and can.
func TestWrongOrdersAreFound(t *testing.T) {
	scan := func(s State) Op { return Op{Kind: Scan, Seen: s} }
	for name, c := range map[string]struct{ wrong, right []Txn }{
		"stale read": {
			[]Txn{txn(1, 2, put(0, 1)), txn(3, 4, put(0, 2)), txn(5, 6, get(0, 1))},
			[]Txn{txn(1, 2, put(0, 1)), txn(3, 5, put(0, 2)), txn(4, 6, get(0, 1))},
		},
		"read goes back": {
			[]Txn{txn(1, 2, put(0, 1)), txn(3, 8, put(0, 2)), txn(4, 5, get(0, 2)), txn(6, 7, get(0, 1))},
			[]Txn{txn(1, 2, put(0, 1)), txn(3, 8, put(0, 2)), txn(4, 5, get(0, 1)), txn(6, 7, get(0, 2))},
		},
		"lost update": {
			[]Txn{txn(1, 2, put(0, 1)), txn(3, 5, get(0, 1), put(0, 2)), txn(4, 6, get(0, 1), put(0, 3))},
			[]Txn{txn(1, 2, put(0, 1)), txn(3, 5, get(0, 1), put(0, 2)), txn(4, 6, get(0, 2), put(0, 3))},
		},
		"torn snapshot": {
			[]Txn{txn(1, 4, put(0, 1), put(1, 2)), txn(2, 3, get(0, 1), get(1, 0))},
			[]Txn{txn(1, 4, put(0, 1), put(1, 2)), txn(2, 3, get(0, 1), get(1, 2))},
		},
		"torn scan": {
			[]Txn{txn(1, 4, put(0, 1), put(1, 2)), txn(2, 3, scan(State{1}))},
			[]Txn{txn(1, 4, put(0, 1), put(1, 2)), txn(2, 3, scan(State{1, 2}))},
		},
		"skewed write": {
			[]Txn{txn(1, 3, get(0, 0), put(1, 1)), txn(2, 4, get(1, 0), put(0, 2))},
			[]Txn{txn(1, 3, get(0, 0), put(1, 1)), txn(2, 4, get(1, 1), put(0, 2))},
		},
		"rolled back, and seen": {
			[]Txn{as(txn(1, 2, put(0, 1)), RolledBack), txn(3, 4, get(0, 1))},
			[]Txn{as(txn(1, 2, put(0, 1)), RolledBack), txn(3, 4, get(0, 0))},
		},
		"a level that was rolled back": {
			[]Txn{txn(1, 2, Op{Kind: Open}, put(0, 1), Op{Kind: RollbackTo, Level: 2}, put(1, 2)), txn(3, 4, get(0, 1))},
			[]Txn{txn(1, 2, Op{Kind: Open}, put(0, 1), Op{Kind: CommitTo, Level: 1}, put(1, 2)), txn(3, 4, get(0, 1))},
		},
		"a range that was deleted": {
			[]Txn{txn(1, 2, put(1, 1)), txn(3, 4, Op{Kind: DeleteRange, Key: 0, To: 2}), txn(5, 6, get(1, 1))},
			[]Txn{txn(1, 2, put(1, 1)), txn(3, 4, Op{Kind: DeleteRange, Key: 1, To: 2}), txn(5, 6, get(1, 1))},
		},
		"half of one that a kill interrupted": {
			[]Txn{as(txn(1, 2, put(0, 1), put(1, 2)), Unknown), txn(3, 4, scan(State{1}))},
			[]Txn{as(txn(1, 2, put(0, 1), put(1, 2)), Unknown), txn(3, 4, scan(State{1, 2}))},
		},
		"comes back after a kill": {
			[]Txn{as(txn(1, 2, put(0, 1)), Unknown), txn(3, 4, get(0, 1)), txn(5, 6, get(0, 0))},
			[]Txn{as(txn(1, 2, put(0, 1)), Unknown), txn(3, 4, get(0, 0)), txn(5, 6, get(0, 0))},
		},
		"acknowledged, and gone after a kill": {
			[]Txn{txn(1, 2, put(0, 1)), txn(3, 4, get(0, 0))},
			[]Txn{as(txn(1, 2, put(0, 1)), Unknown), txn(3, 4, get(0, 0))},
		},
	} {
		t.Run(name, func(t *testing.T) {
			picture := filepath.Join(t.TempDir(), "picture.html")
			if err := Linearizable(c.wrong, time.Minute, picture); !errors.Is(err, ErrAnomaly) {
				t.Errorf("the wrong one: %v", err)
			} else if info, err := os.Stat(picture); err != nil || info.Size() < 1000 {
				t.Errorf("the picture: %v, error %v", info, err)
			}
			if err := Linearizable(c.right, time.Minute, ""); err != nil {
				t.Errorf("the right one: %v", err)
			}
		})
	}
}

func app(k int, v uint32) ListOp { return ListOp{Key: k, Append: v} }
func see(k int, v ...uint32) ListOp {
	return ListOp{Key: k, Seen: v}
}

func lists(call, end int64, ops ...ListOp) ListTxn {
	return ListTxn{Client: int(call), Ops: ops, Call: call, Return: end}
}

func listsAs(t ListTxn, o Outcome) ListTxn {
	t.Outcome = o
	return t
}

// TestAnomaliesAreNamed has a history for each anomaly, all of whose transactions run at once unless real time
// is what shows it.
func TestAnomaliesAreNamed(t *testing.T) {
	for name, txns := range map[string][]ListTxn{
		"G0":  {lists(1, 9, app(0, 1), app(1, 2)), lists(1, 9, app(0, 3), app(1, 4)), lists(1, 9, see(0, 1, 3), see(1, 4, 2))},
		"G1a": {listsAs(lists(1, 9, app(0, 1)), RolledBack), lists(1, 9, see(0, 1))},
		"G1b": {lists(1, 9, app(0, 1), app(0, 2)), lists(1, 9, see(0, 1))},
		"G1c": {lists(1, 9, app(0, 1), see(1, 2)), lists(1, 9, app(1, 2), see(0, 1))},
		// A lost update: both have seen nothing, and one list has both elements.
		"G-single": {lists(1, 9, see(0), app(0, 1)), lists(1, 9, see(0), app(0, 2)), lists(1, 9, see(0, 1, 2))},
		// A skewed write.
		"G2": {lists(1, 9, see(0), app(1, 1)), lists(1, 9, see(1), app(0, 2)), lists(1, 9, see(0, 2), see(1, 1))},
		// A skewed read: it has seen the second write of a transaction, and not the first.
		"G-single: ": {lists(1, 9, app(0, 1), app(1, 2)), lists(1, 9, see(0), see(1, 2)), lists(1, 9, see(0, 1))},
		"two orders": {lists(1, 9, app(0, 1)), lists(1, 9, app(0, 2)), lists(1, 9, see(0, 1)), lists(1, 9, see(0, 2, 1))},
		"own write":  {lists(1, 9, app(0, 1), see(0))},
		"fuzzy read": {lists(1, 9, app(0, 1)), lists(1, 9, see(0), see(0, 1))},
		"garbage":    {lists(1, 9, see(0, 7))},
		// A stale read.
		"G-single in real time": {lists(1, 2, app(0, 1)), lists(3, 4, see(0)), lists(5, 6, see(0, 1))},
		// One that nobody has seen yet.
		"G-single in real time: ": {lists(1, 2, app(0, 1)), lists(3, 4, see(0))},
	} {
		err := Graph(txns)
		if !errors.Is(err, ErrAnomaly) || !strings.Contains(err.Error(), "anomaly: "+strings.TrimSuffix(name, ": ")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, txns := range map[string][]ListTxn{
		"one after the other":             {lists(1, 9, see(0), app(0, 1)), lists(1, 9, see(0, 1), app(0, 2)), lists(1, 9, see(0, 1, 2))},
		"a read in between":               {lists(1, 9, app(0, 1), app(1, 2)), lists(1, 9, see(0), see(1)), lists(1, 9, see(0, 1))},
		"at the same time":                {lists(1, 4, app(0, 1)), lists(3, 5, see(0)), lists(5, 6, see(0, 1))},
		"a kill that took it along":       {listsAs(lists(1, 2, app(0, 1)), Unknown), lists(3, 4, see(0))},
		"a kill that came after it":       {listsAs(lists(1, 2, app(0, 1)), Unknown), lists(3, 4, see(0, 1))},
		"its own elements":                {lists(1, 9, app(0, 1), see(0, 1), app(0, 2), see(0, 1, 2))},
		"one that was rolled back, alone": {listsAs(lists(1, 9, app(0, 1), see(0, 1)), RolledBack), lists(1, 9, see(0))},
	} {
		if err := Graph(txns); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUndecidedIsNoAnswer: a history with too many orders to try is not called right.
func TestUndecidedIsNoAnswer(t *testing.T) {
	var txns []Txn
	for i := range 200 {
		txns = append(txns, txn(1, 1000, get(i%NumKeys, uint32(i)), put(i%NumKeys, uint32(i+1000))))
	}
	if err := Linearizable(txns, time.Nanosecond, ""); !errors.Is(err, ErrUndecided) && !errors.Is(err, ErrAnomaly) {
		t.Errorf("the history is called right: %v", err)
	}
}
