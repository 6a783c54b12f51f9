// SPDX-License-Identifier: Apache-2.0

package process

import (
	"time"

	"golang.org/x/sys/windows"
)

// CPU returns the user and system time of all threads of this process since it began; 0 where that is
// not known.
func CPU() time.Duration {
	var begun, ended, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(windows.CurrentProcess(), &begun, &ended, &kernel, &user); err != nil {
		return 0
	}
	return spent(kernel) + spent(user)
}

// spent reads a duration, which is in units of 100 ns.
func spent(t windows.Filetime) time.Duration {
	return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * 100
}
