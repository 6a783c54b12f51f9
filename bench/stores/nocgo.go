// SPDX-License-Identifier: Apache-2.0

//go:build !cgo

package stores

import "github.com/lsmlite/lsmlite-go/bench/kv"

func withCgo() []kv.Driver { return nil }
