// SPDX-License-Identifier: Apache-2.0

// Package recipes holds the programs of docs/recipes.md and docs/getting-started.md, one in
// each folder. Its test runs each of them and compares the pages with their code and with
// what they print. It is a module of its own, so that lsmlite does not depend on bbolt.
package recipes
