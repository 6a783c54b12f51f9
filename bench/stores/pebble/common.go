// SPDX-License-Identifier: Apache-2.0

package pebble

import "fmt"

// silent is a logger that reports nothing; Pebble's own writes to standard error.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}

// Fatalf must not return, by Pebble's contract.
func (silent) Fatalf(format string, args ...any) { panic(fmt.Sprintf("pebble: "+format, args...)) }
