// SPDX-License-Identifier: Apache-2.0

//go:build aix || js || plan9 || wasip1

package shell

// newEditor returns what reads from the terminal: lines as they are, because package readline is not made for this
// system.
func (s *shell) newEditor() editor { return s.newPlainEditor() }
