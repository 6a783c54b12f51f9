// SPDX-License-Identifier: Apache-2.0

package base

import "math/bits"

// Wide is 1 where an int has 64 bits and 0 where it has 32. Limits shift by it.
const Wide = bits.UintSize / 64
