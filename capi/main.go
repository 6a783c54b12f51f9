// SPDX-License-Identifier: Apache-2.0

// Command capi is the library liblsmlite: the engine with the functions of lsmlite.h, for programs in C and
// what calls C. build.sh makes it.
//
// Its C side (the .c files) owns what a program holds, handles and cursors, in the memory of the program's
// environment, and answers from there whatever needs no engine. Its Go side has for each of these structures
// an object that stays in place until the structure is freed. One thread at a time uses a handle and what
// belongs to it; different handles are used at the same time, also of one file: they share a database.
//
// Invariants:
//
//   - No Go function returns to C with a panic: see handle.ended.
//   - No pointer to memory of C is kept by Go after the call, except to the structures themselves.
//   - Everything that waits without a bound is a Try call of the engine, as a handle that would be waited for may
//     belong to the thread that waits.
package main

func main() {}
