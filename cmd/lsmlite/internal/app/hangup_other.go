// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package app

import "context"

// untilHangup returns the context: there is no signal for a terminal that is closed.
func untilHangup(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} }
