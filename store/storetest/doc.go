// Package storetest says what a store.Store must do, and tries it.
//
// [Model] is a store without files, pages and logs: what the others are compared with.
// [Test] is a suite of tests, one for each thing that a store promises. [Random] does
// random operations on a store and compares every answer with an enginetest.Map.
// [BothWays] shows a store as an enginetest.Store, whose cursors turn round, so that what
// enginetest tries with the engine can be tried with any store.
//
// The package serves tests only.
package storetest
