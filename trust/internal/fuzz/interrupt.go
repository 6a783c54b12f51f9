// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package fuzz

import "os"

func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }
