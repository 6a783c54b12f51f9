// SPDX-License-Identifier: Apache-2.0

package freelist

import "github.com/lsmlite/lsmlite-go/engine/internal/base"

// Reserved returns the number of reserved blocks.
func (l *List) Reserved() int { return len(l.reserved) }

// Available returns the blocks that Allocate looks at.
func (l *List) Available() []base.BlockNo { return l.order }
