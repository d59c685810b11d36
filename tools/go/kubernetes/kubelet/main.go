// Command kubelet evaluates env, command and args of containers by the kubelet's own code, without a cluster.
//
// Each line of standard input is a JSON object {"pod", "container", "configMaps", "secrets", "services"}: a Pod, the name
// of one of its containers, the data of ConfigMaps and Secrets by name, and Services. The line that answers it is
// {"env", "command", "args"}, or {"error"}. The tags "oldest" and "newest" say which kubelet it is built with.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"unsafe"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/kubernetes/pkg/kubelet"
	"k8s.io/kubernetes/pkg/kubelet/configmap"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	"k8s.io/kubernetes/pkg/kubelet/secret"
)

type question struct {
	Pod        v1.Pod                       `json:"pod"`
	Container  string                       `json:"container"`
	ConfigMaps map[string]map[string]string `json:"configMaps"`
	Secrets    map[string]map[string]string `json:"secrets"`
	Services   []*v1.Service                `json:"services"`
}

type answer struct {
	Env     map[string]string `json:"env"`
	Command []string          `json:"command"`
	Args    []string          `json:"args"`
	Error   string            `json:"error,omitempty"`
}

func main() {
	decoder, encoder := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var asked question
		if err := decoder.Decode(&asked); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			panic(err)
		}
		if err := encoder.Encode(evaluate(asked)); err != nil {
			panic(err)
		}
	}
}

func evaluate(asked question) answer {
	kl := &kubelet.Kubelet{}
	// It is made by its own package only, with a cluster around it; these are all the fields that env is read from.
	set(kl, "kubeClient", struct{ clientset.Interface }{})
	set(kl, "serviceLister", services(asked.Services))
	set(kl, "serviceHasSynced", func() bool { return true })
	set(kl, "configMapManager", configMaps{data: asked.ConfigMaps})
	set(kl, "secretManager", secrets{data: asked.Secrets})
	for _, container := range append(asked.Pod.Spec.InitContainers, asked.Pod.Spec.Containers...) {
		if container.Name != asked.Container {
			continue
		}
		made, err := makeEnvironmentVariables(kl, &asked.Pod, &container)
		if err != nil {
			return answer{Error: err.Error()}
		}
		env := map[string]string{}
		for _, variable := range made {
			env[variable.Name] = variable.Value
		}
		command, args := kubecontainer.ExpandContainerCommandAndArgs(&container, made)
		return answer{Env: env, Command: command, Args: args}
	}
	return answer{Error: "the Pod has no such container"}
}

func set(kl *kubelet.Kubelet, name string, value any) {
	field := reflect.ValueOf(kl).Elem().FieldByName(name)
	reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().Set(reflect.ValueOf(value))
}

type services []*v1.Service

func (s services) List(labels.Selector) ([]*v1.Service, error) { return s, nil }

type configMaps struct {
	configmap.Manager
	data map[string]map[string]string
}

func (c configMaps) GetConfigMap(_, name string) (*v1.ConfigMap, error) {
	data, isThere := c.data[name]
	if !isThere {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, name)
	}
	return &v1.ConfigMap{Data: data}, nil
}

type secrets struct {
	secret.Manager
	data map[string]map[string]string
}

func (s secrets) GetSecret(_, name string) (*v1.Secret, error) {
	data, isThere := s.data[name]
	if !isThere {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, name)
	}
	found := &v1.Secret{Data: map[string][]byte{}}
	for key, value := range data {
		found.Data[key] = []byte(value)
	}
	return found, nil
}
