// SPDX-License-Identifier: Apache-2.0

//go:build race

package blockfile

// hastens says that pages are looked at before they are held. The race detector would report it.
const hastens = false
