package checkpoint

// Store is the name for the tests.
var Store = store
