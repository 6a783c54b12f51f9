// SPDX-License-Identifier: Apache-2.0

package histories

import "errors"

// ErrUndecided is what Linearizable returns if it takes longer than its caller wants to wait.
var ErrUndecided = errors.New("histories: it is not decided in time whether an order exists")

// ErrAnomaly is the error of a history that cannot be explained.
var ErrAnomaly = errors.New("histories: anomaly")
