// SPDX-License-Identifier: Apache-2.0

package checkpoint

// Store is the name for the tests.
var Store = store
