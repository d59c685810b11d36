# Runs once in a container of the bare node image: puts the images of /in/images.tar into containerd's store, and
# gives the first of its arguments the names that are the others.
set -eu
image=$1
shift
containerd >/dev/null 2>&1 &
until ctr version >/dev/null 2>&1; do sleep 0.2; done
ctr --namespace k8s.io images import --no-unpack /in/images.tar
for name; do ctr --namespace k8s.io images tag "$image" "$name"; done
kill $!
wait
