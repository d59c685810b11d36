//go:build newest

package main

import (
	"context"
	_ "unsafe" // for go:linkname

	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/kubelet"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
)

//go:linkname makeEnvironment k8s.io/kubernetes/pkg/kubelet.(*Kubelet).makeEnvironmentVariables
func makeEnvironment(kl *kubelet.Kubelet, ctx context.Context, pod *v1.Pod, container *v1.Container, podIP string, podIPs []string, volumes kubecontainer.VolumeMap) ([]kubecontainer.EnvVar, error)

func makeEnvironmentVariables(kl *kubelet.Kubelet, pod *v1.Pod, container *v1.Container) ([]kubecontainer.EnvVar, error) {
	return makeEnvironment(kl, context.Background(), pod, container, "10.0.0.1", []string{"10.0.0.1"}, nil)
}
