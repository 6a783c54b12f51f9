// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package stores

import (
	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/stores/mattn"
)

func withCgo() []kv.Driver { return []kv.Driver{mattn.Driver()} }
