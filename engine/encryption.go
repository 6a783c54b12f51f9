// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/lsmlite/lsmlite-go/engine/keys"

// hasKey reports whether a source is there that has a key.
func hasKey(src keys.Source) bool { return src != nil && src != keys.None }
