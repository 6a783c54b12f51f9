// SPDX-License-Identifier: Apache-2.0

//go:build cgo && lsm1

package stores

import "github.com/lsmlite/lsmlite-go/bench/stores/clsm1"

func init() { tagged = append(tagged, clsm1.Driver) }
