// SPDX-License-Identifier: Apache-2.0

package pragma

// All returns the table.
func All() []Pragma { return table }

// Usage shows how the PRAGMA is written.
func (p *Pragma) Usage() string { return p.usage() }
