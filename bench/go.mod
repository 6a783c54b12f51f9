module github.com/lsmlite/lsmlite-go/bench

go 1.26.1

replace github.com/lsmlite/lsmlite-go => ..
