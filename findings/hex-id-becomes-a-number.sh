#!/usr/bin/env bash
# A random id of hex digits may not survive `kubectl get --output yaml`.
#
# sigs.k8s.io/yaml, which kubectl, Kyverno's CLI and most controllers write YAML with, leaves the text "621e9181" without quotes: for
# YAML 1.1, as it reads it, that is no number. YAML 1.2 readers take it for 621 × 10^9181, and so do yaml and js-yaml, the two that
# JavaScript tools use: it comes out as Infinity. One in about 70 ids of eight hex digits is of this form (digits with one "e" among
# them, neither first nor last).
#
# What to do: let an id that is written into a manifest begin with a letter from a to f, as Piggy's do.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >go.mod <<'GO'
module finding
go 1.26.0
require sigs.k8s.io/yaml v1.6.0
GO
cat >main.go <<'GO'
package main

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

func main() {
	for _, id := range []string{"621e9181", "a21e9181", "62109181"} {
		text, err := yaml.Marshal(map[string]string{"id": id})
		if err != nil {
			panic(err)
		}
		fmt.Print(string(text))
	}
}
GO
go mod tidy >/dev/null 2>&1
npm install --silent --no-audit --no-fund --prefix . yaml@2.9.1 js-yaml@4.1.0 >/dev/null

cat >read.mjs <<'JS'
import { readFileSync } from 'node:fs';
import yaml from 'yaml';
import jsYaml from 'js-yaml';

for (const line of readFileSync(0, 'utf8').trim().split('\n')) {
  console.log(`${line}  yaml: ${show(yaml.parse(line).id)}  js-yaml: ${show(jsYaml.load(line).id)}`);
}

function show(value) {
  return `${typeof value} ${String(value)}`;
}
JS

seen=$(go run . | node read.mjs)
expected='id: 621e9181  yaml: number Infinity  js-yaml: number Infinity
id: a21e9181  yaml: string a21e9181  js-yaml: string a21e9181
id: "62109181"  yaml: string 62109181  js-yaml: string 62109181'

echo 'Written by sigs.k8s.io/yaml 1.6.0 from three texts, and read by yaml 2.9.1 and js-yaml 4.1.0:'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'This is not what was seen before.'; exit 1; }
