// Package archtest holds tests of the project's shape: which package may import which.
// It contains no code of its own.
package archtest
