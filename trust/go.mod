module github.com/lsmlite/lsmlite-go/trust

go 1.26.1

require (
	github.com/anishathalye/porcupine v1.3.1
	github.com/lsmlite/lsmlite-go v0.2.0
	go.uber.org/goleak v1.3.0
)

require (
	github.com/alecthomas/participle/v2 v2.1.4 // indirect
	github.com/klauspost/compress v1.20.4 // indirect
	github.com/pierrec/lz4/v4 v4.1.33 // indirect
	golang.org/x/crypto v0.59.0 // indirect
	golang.org/x/sys v0.50.0
)

replace github.com/lsmlite/lsmlite-go => ..
