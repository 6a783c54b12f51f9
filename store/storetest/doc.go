// SPDX-License-Identifier: Apache-2.0

// Package storetest has the tests that every store.Store must pass.
//
// [Model] is a store without files, pages and logs: what the others are compared with.
// [Test] is a suite of tests, one for each thing that a store promises; what its Caps exclude
// is not tested. [SQL] tests the driver on it, with statements and the contract of
// database/sql. [Random] does
// random operations on a store and compares every answer with an enginetest.Map.
// [BothWays] shows a store as an enginetest.Store, whose cursors change direction, so that the
// tests of enginetest can run with any store.
//
// The package serves tests only, also those of modules with stores of their own.
package storetest
