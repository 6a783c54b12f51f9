// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package pathname

// Own is the style of this system.
var Own = Style{}
