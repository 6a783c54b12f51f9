// SPDX-License-Identifier: Apache-2.0

package care

// renamesOpen says whether a file can be replaced while it is open.
const renamesOpen = false
