module github.com/lsmlite/lsmlite-go/trust

go 1.26.1

require github.com/lsmlite/lsmlite-go v0.2.0

replace github.com/lsmlite/lsmlite-go => ..
