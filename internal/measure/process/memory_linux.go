// SPDX-License-Identifier: Apache-2.0

package process

// Anonymous returns the anonymous memory of this process now, in bytes.
func Anonymous() (int64, error) {
	kib, err := Field("/proc/self/status", "RssAnon:")
	return kib << 10, err
}
