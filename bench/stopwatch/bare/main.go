// Command bare becomes the program that its arguments name, and does nothing else: what any launcher written in Go costs.
package main

import (
	"os"
	"syscall"
)

func main() {
	if err := syscall.Exec(os.Args[1], os.Args[1:], os.Environ()); err != nil {
		println(err.Error())
		os.Exit(1)
	}
}
