// SPDX-License-Identifier: Apache-2.0

package histories

import (
	"fmt"
	"slices"
)

// ListOp is an operation of a transaction on lists: it appends one element to the list of a key, or, if Append is 0,
// it has seen that list.
type ListOp struct {
	Key    int
	Append uint32
	Seen   []uint32
}

// ListTxn is a transaction on lists. No element is appended twice, in all of a history.
type ListTxn struct {
	Client       int
	Ops          []ListOp
	Outcome      Outcome
	Call, Return int64
}

// String lists what it did.
func (t *ListTxn) String() string {
	text := fmt.Sprintf("client %d (%d to %d):", t.Client, t.Call, t.Return)
	for _, o := range t.Ops {
		if o.Append != 0 {
			text += fmt.Sprintf(" append %d to %d;", o.Append, o.Key)
		} else {
			text += fmt.Sprintf(" list %d ends with %v;", o.Key, o.Seen[max(0, len(o.Seen)-3):])
		}
	}
	return text
}

// where says who has appended an element.
type where struct {
	txn  int // index
	key  int
	last bool // the transaction appended no other one to this key after it
}

// seen is a list that a transaction saw, without what it appended itself.
type seen struct {
	txn, key int
	list     []uint32
}

// evidence is what the lists of a history say, each transaction by itself.
type evidence struct {
	txns  []ListTxn
	from  map[uint32]where
	seen  []seen
	order map[int][]uint32 // of the elements of each key: the longest list that was seen
}

// gather reads what the transactions have seen. Its errors are anomalies that one transaction, or two, show.
func gather(txns []ListTxn) (*evidence, error) {
	e := &evidence{txns: txns, from: make(map[uint32]where), order: make(map[int][]uint32)}
	for i := range txns {
		last := make(map[int]uint32)
		for _, o := range txns[i].Ops {
			if o.Append == 0 {
				continue
			}
			if _, twice := e.from[o.Append]; twice {
				return nil, fmt.Errorf("element %d is appended twice: the history is made wrongly", o.Append)
			}
			if before, ok := last[o.Key]; ok {
				w := e.from[before]
				w.last = false
				e.from[before] = w
			}
			last[o.Key] = o.Append
			e.from[o.Append] = where{txn: i, key: o.Key, last: true}
		}
	}
	for i := range txns {
		if err := e.read(i); err != nil {
			return nil, err
		}
	}
	return e, e.sameOrder()
}

// read looks at one transaction: each of its reads shows what the one before did, with what it appended since then.
func (e *evidence) read(i int) error {
	t := &e.txns[i]
	own, known := make(map[int][]uint32), make(map[int][]uint32)
	for _, o := range t.Ops {
		if o.Append != 0 {
			own[o.Key] = append(own[o.Key], o.Append)
			continue
		}
		mine := own[o.Key]
		if len(o.Seen) < len(mine) || !slices.Equal(o.Seen[len(o.Seen)-len(mine):], mine) {
			return fmt.Errorf("%w: own write: it does not see what it has appended: %v", ErrAnomaly, t)
		}
		others := o.Seen[:len(o.Seen)-len(mine)]
		if before, again := known[o.Key]; again {
			if !slices.Equal(before, others) {
				return fmt.Errorf("%w: fuzzy read: list %d has changed within one transaction: %v", ErrAnomaly, o.Key, t)
			}
			continue
		}
		known[o.Key] = others
		if err := e.elements(t, i, o.Key, others); err != nil {
			return err
		}
		e.seen = append(e.seen, seen{i, o.Key, others})
	}
	return nil
}

// elements looks at the elements of others that a transaction has seen.
func (e *evidence) elements(t *ListTxn, i, key int, list []uint32) error {
	have := make(map[uint32]bool, len(list))
	for _, v := range list {
		w, written := e.from[v]
		switch {
		case !written || w.key != key || w.txn == i || have[v]:
			return fmt.Errorf("%w: garbage: element %d of list %d was never appended there, or is there twice: %v",
				ErrAnomaly, v, key, t)
		case e.txns[w.txn].Outcome == RolledBack:
			return fmt.Errorf("%w: G1a, an aborted read: element %d of list %d was rolled back by %v, and seen by %v",
				ErrAnomaly, v, key, &e.txns[w.txn], t)
		}
		have[v] = true
	}
	for _, v := range list {
		for _, o := range e.txns[e.from[v].txn].Ops {
			if o.Key == key && o.Append != 0 && !have[o.Append] {
				return fmt.Errorf("%w: G1b, an intermediate read: list %d shows %d without %d of %v to %v", ErrAnomaly,
					key, v, o.Append, &e.txns[e.from[v].txn], t)
			}
		}
	}
	return nil
}

// sameOrder finds the order of the elements of each key, in which all transactions have to agree.
func (e *evidence) sameOrder() error {
	longest := make(map[int]int)
	for n, s := range e.seen {
		if len(s.list) >= len(e.order[s.key]) {
			e.order[s.key], longest[s.key] = s.list, n
		}
	}
	for _, s := range e.seen {
		if order := e.order[s.key]; !slices.Equal(s.list, order[:len(s.list)]) {
			return fmt.Errorf("%w: two orders: the lists of key %d do not begin alike: %v and %v", ErrAnomaly, s.key,
				&e.txns[s.txn], &e.txns[e.seen[longest[s.key]].txn])
		}
	}
	return nil
}
