// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !darwin

package vfs_test

import "github.com/lsmlite/lsmlite-go/engine/vfs"

const rangeHolder = "VFS_TEST_RANGE_HOLDER"

func holdRanges(vfs.File) error { return nil }
