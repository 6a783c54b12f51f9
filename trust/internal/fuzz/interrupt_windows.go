// SPDX-License-Identifier: Apache-2.0

package fuzz

import "os"

// interrupt ends the process: Windows has no signal to ask with.
func interrupt(p *os.Process) error { return p.Kill() }
