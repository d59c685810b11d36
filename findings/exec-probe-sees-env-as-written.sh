#!/usr/bin/env bash
# In the command of an exec probe the kubelet puts in what env says in the Pod's spec, not what the container has.
#
# $(NAME) in command and args of a container becomes the variable's value as the container finds it: with other variables put in, and from
# ConfigMaps and Secrets. In the command of an exec probe it becomes the text of the spec: $(DSN) of "DSN: pg://$(HOST)/shop" comes out
# with "$(HOST)" in it, and a variable from a ConfigMap comes out as nothing at all. So a probe tests with another text than the
# application works with, and says nothing about it.
#
# What to do: let a probe run a shell that reads the variables itself ("sh -c 'check "$DSN"'").
#
# (The first run compiles the kubelet's packages, which takes some minutes.)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# The versions of all modules that k8s.io/kubernetes v1.37.2 is built with.
cp "$here/../tools/go/kubernetes/1.37.mod" go.mod
cp "$here/../tools/go/kubernetes/1.37.sum" go.sum
grep -q 'k8s.io/kubernetes v1.37.2' go.mod || { echo 'tools/go/kubernetes has another version than this script was written for.'; exit 1; }
cat >main.go <<'GO'
package main

import (
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/kubelet/container"
)

func main() {
	written := []v1.EnvVar{
		{Name: "HOST", Value: "db"},
		{Name: "DSN", Value: "pg://$(HOST)/shop"},
		{Name: "USER", ValueFrom: &v1.EnvVarSource{ConfigMapKeyRef: &v1.ConfigMapKeySelector{Key: "user"}}},
	}
	// As the kubelet makes them for the container.
	made := []container.EnvVar{{Name: "HOST", Value: "db"}, {Name: "DSN", Value: "pg://db/shop"}, {Name: "USER", Value: "shop"}}
	command := []string{"check", "$(DSN)", "user=$(USER)"}
	started, _ := container.ExpandContainerCommandAndArgs(&v1.Container{Command: command}, made)
	fmt.Printf("the container runs %q\n", started)
	fmt.Printf("its exec probe runs %q\n", container.ExpandContainerCommandOnlyStatic(command, written))
}
GO
seen=$(go run -mod=mod . 2>/dev/null)
expected='the container runs ["check" "pg://db/shop" "user=shop"]
its exec probe runs ["check" "pg://$(HOST)/shop" "user="]'

echo 'By the code of the kubelet of Kubernetes 1.37.2:'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'This is not what was seen before.'; exit 1; }
