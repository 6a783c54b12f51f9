// SPDX-License-Identifier: Apache-2.0

package freelist

// Reserved returns the number of reserved blocks.
func (l *List) Reserved() int { return len(l.reserved) }
