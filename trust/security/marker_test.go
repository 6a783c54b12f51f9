// SPDX-License-Identifier: Apache-2.0

package security_test

// marker is a secret of 32 bytes, which is easy to find.
var marker = []byte("hunter2-is-a-marker-of-32-bytes!")
