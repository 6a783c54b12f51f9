// SPDX-License-Identifier: Apache-2.0

//go:build lsmlite_small

package engine

// canLog says that Options.Logger cannot be used: package log/slog brings encoding/json into the program.
const canLog = false

// observerOf returns what gets the events, nil if nothing does.
func observerOf(o *Options) *Observer { return o.Observer }
