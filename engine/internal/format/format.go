// SPDX-License-Identifier: Apache-2.0

// Package format knows every byte of the database file and of the log: varints,
// checkpoints, pages and their cells, block geometry, log records and both checksums.
//
// It consists of pure functions and views over byte slices. It does no I/O and keeps no
// state. Decoders accept any bytes: they return an error (a *errs.CorruptionError
// without a path) and never panic, and they never allocate by a length that they have
// not checked. Only this package knows file layouts; docs/file-format.md describes it for other
// implementations.
package format
