// Package command finds the application and becomes it.
package command

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"

	"piggysec.com/envlauncher/internal/environment"
)

// Why a command does not start. No error of this package names a path: it may hold a secret value, where the
// author expanded one into the command or into PATH.
var (
	ErrNotFound      = errors.New("not found")
	ErrNotExecutable = errors.New("found, but not executable")
)

// What container runtimes set where an image has no PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Find returns the file to execute: the name itself where it holds a slash, else the first executable of that
// name in PATH. Folders of PATH that are relative do not count, as in the container runtimes.
func Find(name string, application environment.Environment) (string, error) {
	if strings.Contains(name, "/") {
		return name, examine(name)
	}
	path, isSet := application.Lookup("PATH")
	if !isSet {
		path = defaultPath
	}
	result := ErrNotFound
	for _, folder := range filepath.SplitList(path) {
		if name == "" || !filepath.IsAbs(folder) {
			continue
		}
		file := filepath.Join(folder, name)
		err := examine(file)
		if err == nil {
			return file, nil
		}
		if errors.Is(err, ErrNotExecutable) {
			result = err
		}
	}
	return "", result
}

func examine(file string) error {
	var status syscall.Stat_t
	switch err := syscall.Stat(file, &status); {
	case errors.Is(err, syscall.EACCES):
		return failure{ErrNotExecutable, err}
	case err != nil:
		return failure{ErrNotFound, err}
	case status.Mode&syscall.S_IFMT == syscall.S_IFDIR:
		return failure{ErrNotExecutable, syscall.EISDIR}
	}
	const mayExecute = 1
	if err := syscall.Access(file, mayExecute); err != nil {
		return failure{ErrNotExecutable, err}
	}
	return nil
}

// Exec becomes the application; it returns only when that failed.
func Exec(file string, argv []string, application environment.Environment) error {
	err := syscall.Exec(file, argv, application.Entries())
	switch {
	case errors.Is(err, syscall.ENOENT):
		return failure{ErrNotFound, errors.New("its interpreter or dynamic loader is not in the image")}
	case errors.Is(err, syscall.E2BIG):
		return errors.New("execve: the environment and the arguments together are longer than the kernel takes")
	case errors.Is(err, syscall.ENOMEM), errors.Is(err, syscall.EAGAIN):
		return err
	}
	return failure{ErrNotExecutable, err}
}

type failure struct {
	kind  error
	cause error
}

func (f failure) Error() string { return f.kind.Error() + ": " + f.cause.Error() }

func (f failure) Unwrap() []error { return []error{f.kind, f.cause} }
