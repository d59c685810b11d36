// Package signature names a launch command by a hash, so that the provider can tell whether it is the one
// that was recorded at admission.
package signature

import (
	"crypto/sha256"
	"encoding/hex"
)

// Of is the hexadecimal SHA-256 over each element followed by a NUL byte, which is how the kernel writes a
// command in /proc/PID/cmdline: no two commands share a spelling.
func Of(argv []string) string {
	hash := sha256.New()
	for _, element := range argv {
		hash.Write([]byte(element))
		hash.Write([]byte{0})
	}
	return hex.EncodeToString(hash.Sum(nil))
}
