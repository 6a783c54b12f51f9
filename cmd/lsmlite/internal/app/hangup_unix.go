// SPDX-License-Identifier: Apache-2.0

//go:build unix

package app

import (
	"context"
	"os/signal"
	"syscall"
)

// untilHangup returns a context that also ends when the terminal is closed. Where SIGHUP is ignored, as by nohup, it
// stays so. A second SIGHUP does nothing: a shell that ends sends one, and the kernel another one.
func untilHangup(ctx context.Context) (context.Context, context.CancelFunc) {
	if signal.Ignored(syscall.SIGHUP) {
		return ctx, func() {}
	}
	return signal.NotifyContext(ctx, syscall.SIGHUP)
}
