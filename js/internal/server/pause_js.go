// SPDX-License-Identifier: Apache-2.0

package server

import "syscall/js"

var (
	setTimeout = js.Global().Get("setTimeout")
	turned     = make(chan struct{}, 1)
	onTurn     = js.FuncOf(func(js.Value, []js.Value) any {
		turned <- struct{}{}
		return nil
	})
)

// pause returns when JavaScript has had its turn. A timer of Go's does not do: other goroutines that compute may go on
// until it is over, and then the one that waits for it goes on before all wait.
//
// One goroutine calls it at a time, and none that JavaScript waits for.
func pause() {
	setTimeout.Invoke(onTurn, 0)
	<-turned
}
