// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd && !dragonfly && !windows

package process

import "time"

// CPU returns the user and system time of all threads of this process since it began; 0 where that is
// not known, as here.
func CPU() time.Duration { return 0 }
