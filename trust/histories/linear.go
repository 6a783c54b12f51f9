// SPDX-License-Identifier: Apache-2.0

package histories

import (
	"fmt"
	"math"
	"time"

	"github.com/anishathalye/porcupine"
)

// Linearizable returns nil if one order of the transactions, which begin with an empty database, explains what they
// have seen. With a name of a file it writes a picture of one that has no such order there, as a page of HTML. If
// porcupine has not decided that in the time given, it returns ErrUndecided.
func Linearizable(txns []Txn, within time.Duration, picture string) error {
	ops := make([]porcupine.Operation, len(txns))
	for i := range txns {
		t := &txns[i]
		ops[i] = porcupine.Operation{ClientId: t.Client, Input: t, Call: t.Call, Return: t.Return}
		if t.Outcome == Unknown {
			ops[i].Return = math.MaxInt64
		}
	}
	result, info := porcupine.CheckOperationsVerbose(model, ops, within)
	switch result {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return fmt.Errorf("%w: %d transactions, %v", ErrUndecided, len(txns), within)
	}
	if picture != "" {
		if err := porcupine.VisualizePath(model, info, picture); err != nil {
			return err
		}
	}
	return explain(txns, info)
}

// explain says how far the longest order goes that was found.
func explain(txns []Txn, info porcupine.LinearizationInfo) error {
	var longest []porcupine.Operation
	for _, partition := range info.PartialLinearizationsOperations() {
		for _, order := range partition {
			if len(order) > len(longest) {
				longest = order
			}
		}
	}
	var state State
	placed := make(map[*Txn]bool, len(longest))
	for _, op := range longest {
		t := op.Input.(*Txn)
		state, _ = t.Run(state)
		placed[t] = true
	}
	text := fmt.Sprintf("no order of %d transactions explains what they saw; the longest found has %d, after which the "+
		"state is %v, and none of these can be next:", len(txns), len(longest), state)
	shown := 0
	var first int64 = math.MaxInt64 // when one of those that are left has ended: none later can come next
	for i := range txns {
		if t := &txns[i]; !placed[t] && t.Outcome != Unknown {
			first = min(first, t.Return)
		}
	}
	for i := range txns {
		if t := &txns[i]; !placed[t] && t.Call <= first && shown < 10 {
			shown++
			text += fmt.Sprintf("\nclient %d, from %d to %d: %v", t.Client, t.Call, t.Return, t)
		}
	}
	return fmt.Errorf("%w: %s", ErrAnomaly, text)
}

// model is a database whose operations are transactions.
var model = porcupine.Model{
	Init: func() any { return State{} },
	Step: func(state, input, _ any) (bool, any) {
		after, fits := input.(*Txn).Run(state.(State))
		return fits, after
	},
	Hash: func(state any) uint64 {
		h := uint64(14695981039346656037)
		for _, v := range state.(State) {
			h = (h ^ uint64(v)) * 1099511628211
		}
		return h
	},
	DescribeOperation: func(input, _ any) string { return input.(*Txn).String() },
	DescribeState:     func(state any) string { return fmt.Sprint(state) },
}
