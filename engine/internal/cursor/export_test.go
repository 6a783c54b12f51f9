package cursor

// RememberAll makes cursors remember every hidden record until the function that it returns
// is called.
func RememberAll() (usual func()) {
	mask, learn, costly := lookMask, learnSteps, costlyNodes
	lookMask, learnSteps, costlyNodes = 0, 1, 1
	return func() { lookMask, learnSteps, costlyNodes = mask, learn, costly }
}
