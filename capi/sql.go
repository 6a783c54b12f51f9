// SPDX-License-Identifier: Apache-2.0

package main

/*
#include "abi.h"
*/
import "C"

// sqlConn is the connection of a handle's statements.
type sqlConn struct{}

func (h *handle) closeSQL() error { return nil }
