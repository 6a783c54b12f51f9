// SPDX-License-Identifier: Apache-2.0

//go:build cgo && rocksdb

package stores

import "github.com/lsmlite/lsmlite-go/bench/stores/rocksdb"

func init() { tagged = append(tagged, rocksdb.Driver) }
