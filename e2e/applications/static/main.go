// An application without a libc or a shell: logs the hash of each variable that its arguments name, and ends.
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
)

func main() {
	for _, name := range os.Args[1:] {
		fmt.Printf("%s %x\n", name, sha256.Sum256([]byte(os.Getenv(name))))
	}
	fmt.Println("told")
}
