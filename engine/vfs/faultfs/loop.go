// SPDX-License-Identifier: Apache-2.0

package faultfs

import (
	"fmt"

	"github.com/lsmlite/lsmlite-go/engine/vfs"
)

// ForEachFault runs a scenario once for each operation that rule concerns, with that
// operation disturbed: Nth is 1, then 2, and so on, each time around a new inner file
// system from fresh, until a run is over before its fault comes.
//
// The scenario bears with the errors that the fault causes, then checks what it finds,
// after f.Clear() or in f.Inner(), and returns an error only if that is wrong; the loop
// ends there and says which operation it was. The result is the number of runs that met
// their fault.
func ForEachFault(rule Rule, fresh func() vfs.FS, scenario func(f *FS) error) (int, error) {
	for n := 1; ; n++ {
		f := Wrap(fresh())
		rule.Nth = n
		fault := f.Add(rule)
		err := scenario(f)
		if err != nil && fault.Hits() > 0 {
			return n, fmt.Errorf("fault %d at %v: %w", n, fault.First(), err)
		}
		if err != nil {
			return n - 1, fmt.Errorf("without a fault: %w", err)
		}
		if fault.Hits() == 0 {
			return n - 1, nil
		}
	}
}
