// Marks this folder as a module, and is not read: each Kubernetes has a go.mod of its own, <minor version>.mod.
module piggysec.com/tools/kubernetes

go 1.26.8
