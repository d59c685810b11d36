#!/usr/bin/env bash
# Importing node:http from an ES module loads all of Node's fetch and WebSocket code; requiring it does not.
#
# node:http has the classes WebSocket, CloseEvent and MessageEvent as properties that load Node's copy of undici when they are first read.
# An ES module gets a facade of each built-in module, whose exports are filled by reading every property once, so `import 'node:http'`
# reads these three too, whatever is imported by name. Some 15 MB of memory and tens of milliseconds, in each worker thread anew.
#
# Where it bites: small servers and bundles in ES modules, and worker threads, whose baseline is higher than that of the same code in
# CommonJS. What to do: where nothing else needs fetch, take the module with process.getBuiltinModule('node:http') or createRequire.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm install --silent --no-audit --no-fund node@24.21.0
node=node_modules/node/bin/node
[ -x "$node" ] || node=$(ls node_modules/node-*/bin/node)

count='process.moduleLoadList.filter((name) => name.includes("undici")).length'
one() { "$node" --input-type=module -e "$1; console.log(\`$1: modules of undici loaded: \${$count}\`)"; }
resident() {
  for _ in 1 2 3 4 5; do
    "$node" --input-type=module -e "$1; console.log(Math.round(process.memoryUsage.rss() / 1e6))"
  done | sort -n | sed -n 3p
}

imported="import 'node:http'"
taken="process.getBuiltinModule('node:http')"
seen="$(one "$imported")
$(one "$taken")
$(one "import 'node:https'")"
expected="import 'node:http': modules of undici loaded: 1
process.getBuiltinModule('node:http'): modules of undici loaded: 0
import 'node:https': modules of undici loaded: 0"

"$node" --version
echo "$seen"
with=$(resident "$imported") without=$(resident "$taken")
echo "memory, median of five: $with MB imported, $without MB taken"
[ "$seen" = "$expected" ] && [ "$with" -gt $((without + 5)) ] || { echo 'This is not what was seen before.'; exit 1; }
