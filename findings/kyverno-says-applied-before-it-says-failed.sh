#!/usr/bin/env bash
# `kyverno apply` says "Mutation has been applied successfully." of a Pod whose mutation failed.
#
# A MutatingPolicy whose expression fails when it is evaluated (here it takes the second container of a Pod that has one) is printed twice
# as applied, with the Pod as it was, before the line that begins with "error:" says otherwise. The summary counts two errors for the one
# Pod, and the exit code is 1.
#
# Where it bites: whoever reads the first lines, or looks for that sentence in the output of a test. What to do: go by the exit code, or
# by "error: 0" in the last line.
#
# (The first run compiles Kyverno's CLI, which takes some minutes.)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# The versions of all modules that Kyverno v1.19.1 is built with.
cp "$here/../tools/go/kyverno/go.mod" "$here/../tools/go/kyverno/go.sum" .
grep -q 'github.com/kyverno/kyverno v1.19.1' go.mod || { echo 'tools/go/kyverno has another version than this script was written for.'; exit 1; }
CGO_ENABLED=0 go build -mod=readonly -trimpath -o kyverno github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno

cat >policy.yaml <<'YAML'
apiVersion: policies.kyverno.io/v1
kind: MutatingPolicy
metadata: { name: label-by-second-container }
spec:
  matchConstraints:
    resourceRules:
      - { apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods] }
  mutations:
    - patchType: JSONPatch
      jsonPatch:
        expression: '[JSONPatch{op: "add", path: "/metadata/labels", value: {"second": object.spec.containers[1].name}}]'
YAML
cat >pod.yaml <<'YAML'
apiVersion: v1
kind: Pod
metadata: { name: one, namespace: shop }
spec: { containers: [{ name: app, image: 'app:v1' }] }
YAML

code=0
output=$(./kyverno apply policy.yaml --resource pod.yaml 2>&1) || code=$?
seen="$(grep -E '^Mutation has|^error:|^pass:' <<<"$output" | sed 's/ *$//')
exit code $code"
expected='Mutation has been applied successfully.
Mutation has been applied successfully.
error:  failed to evaluate policy: index out of bounds: 1
pass: 0, fail: 0, warn: 0, error: 2, skip: 0
exit code 1'

echo 'Kyverno CLI 1.19.1, one policy and one Pod:'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'This is not what was seen before.'; exit 1; }
