// SPDX-License-Identifier: Apache-2.0

package stores

import "github.com/lsmlite/lsmlite-go/bench/kv"

// tagged has the stores of build tags, in the order of the names of their files.
var tagged []func() kv.Driver
