module github.com/lsmlite/lsmlite-go

go 1.25.0

require (
	github.com/alecthomas/participle/v2 v2.1.4
	golang.org/x/sys v0.40.0
)
