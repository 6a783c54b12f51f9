// SPDX-License-Identifier: Apache-2.0

//go:build cgo && lmdb

package stores

import "github.com/lsmlite/lsmlite-go/bench/stores/lmdb"

func init() { tagged = append(tagged, lmdb.Driver) }
