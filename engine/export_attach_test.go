// SPDX-License-Identifier: Apache-2.0

package engine

import "context"

// RenewAttached does what an attached handle does once a second.
func RenewAttached(db *DB) { db.attached.renew(context.Background()) }
