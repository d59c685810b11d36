#!/usr/bin/env bash
# The API server takes an annotation whose prefix is written in capitals, and refuses a label with the same key.
#
# The prefix of a key is a DNS name in lower case. For labels that is enforced; keys of annotations are turned into lower case before they
# are checked, and stored as they were written. So "Example.com/team" is a good annotation, and another one than "example.com/team".
#
# Where it bites: whatever looks for its annotations by a prefix (matchConditions of a policy, a selector of a webhook) does not see such
# a Pod, and its author believes that it does. What to do: compare in lower case, and refuse what is then found in another spelling.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >go.mod <<'GO'
module finding
go 1.26.0
require k8s.io/apimachinery v0.34.4
GO
cat >main.go <<'GO'
package main

import (
	"fmt"

	annotations "k8s.io/apimachinery/pkg/api/validation"
	labels "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func main() {
	for _, key := range []string{"example.com/Team", "Example.com/team"} {
		one := map[string]string{key: "shop"}
		fmt.Printf("%s: mistakes as an annotation %d, as a label %d\n", key,
			len(annotations.ValidateAnnotations(one, field.NewPath("annotations"))), len(labels.ValidateLabels(one, field.NewPath("labels"))))
	}
}
GO
seen=$(GOFLAGS=-mod=mod go run . 2>/dev/null)
expected='example.com/Team: mistakes as an annotation 0, as a label 0
Example.com/team: mistakes as an annotation 0, as a label 1'

echo 'Validated as the API server of Kubernetes 1.34 does (k8s.io/apimachinery 0.34.4):'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'This is not what was seen before.'; exit 1; }
