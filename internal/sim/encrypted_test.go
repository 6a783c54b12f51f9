// SPDX-License-Identifier: Apache-2.0

package sim_test

import (
	"bytes"
	"flag"
)

// withKey runs all tests with a key. Without it every third one is.
var withKey = flag.Bool("sim.key", false, "run all simulations with encrypted databases")

// secret is the key of every encrypted database.
var secret = bytes.Repeat([]byte("key!"), 8)

// key is the one of the tests that have none of their own.
func key() []byte {
	if *withKey {
		return secret
	}
	return nil
}

// keyFlag is the flag that repeats a unit.
func keyFlag() string {
	if *withKey {
		return "-sim.key"
	}
	return ""
}
