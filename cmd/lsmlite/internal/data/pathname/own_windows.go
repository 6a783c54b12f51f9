// SPDX-License-Identifier: Apache-2.0

package pathname

// Own is the style of this system.
var Own = Style{Windows: true}
