// SPDX-License-Identifier: Apache-2.0

//go:build lsmlite_small

package engine

import "log/slog"

// canLog says that Options.Logger cannot be used: package log/slog brings encoding/json into the program.
const canLog = false

func logObserver(*slog.Logger) *Observer { return nil }
