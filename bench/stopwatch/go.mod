module piggysec.com/bench/stopwatch

go 1.26
