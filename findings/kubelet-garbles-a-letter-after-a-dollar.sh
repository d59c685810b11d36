#!/usr/bin/env bash
# Up to Kubernetes 1.33 the kubelet garbles a letter beyond ASCII that follows a single "$" in command, args and env.
#
# Its expansion of $(NAME) goes through the text byte by byte. After a "$" that begins nothing it turns the next byte into a letter: of
# "é" (0xC3 0xA9) the first byte becomes "Ã" (0xC3 0x83), and the second one is left over. From 1.34 on the text stays as it is. A "$" at
# another place does no harm.
#
# Where it bites: passwords and prices in args, and whoever compares the args of a running process with those of the Pod's spec, as a
# signature over them does. What to do: write "$$" for a "$" in command, args and env.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

expand() {
  mkdir "$folder/$1"
  cd "$folder/$1"
  cat >go.mod <<GO
module finding
go 1.26.0
require k8s.io/kubernetes $1
GO
  cat >main.go <<'GO'
package main

import (
	"fmt"

	"k8s.io/kubernetes/third_party/forked/golang/expansion"
)

func main() {
	nothing := expansion.MappingFuncFor(map[string]string{})
	for _, text := range []string{"$é", "$$é", "5$ é"} {
		fmt.Printf("%s becomes %q\n", text, expansion.Expand(text, nothing))
	}
}
GO
  GOFLAGS=-mod=mod go run . 2>/dev/null
}

before=$(expand v1.33.13)
after=$(expand v1.34.4)
echo 'Expanded by the kubelet of Kubernetes 1.33.13:'
echo "$before"
echo 'Expanded by the kubelet of Kubernetes 1.34.4:'
echo "$after"

[ "$before" = '$é becomes "$Ã\xa9"
$$é becomes "$é"
5$ é becomes "5$ é"' ] && [ "$after" = '$é becomes "$é"
$$é becomes "$é"
5$ é becomes "5$ é"' ] || { echo 'This is not what was seen before.'; exit 1; }
