// Package install copies the launcher to where application containers find it.
package install

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const name = "piggy-env"

// Source opens a program that can be installed.
type Source func() (*os.File, error)

// Running is the program that runs.
func Running() (*os.File, error) { return os.Open("/proc/self/exe") }

// Standalone is the program that asks AWS itself. In the image it has a folder of its own, beside the one that
// runs, so that it has the same name where the folder is mounted.
func Standalone() (*os.File, error) {
	running, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return os.Open(filepath.Join(filepath.Dir(running), "standalone", name))
}

// Into copies a program to folder/piggy-env. The file appears whole or not at all, and whoever runs
// it cannot write it. Done again it is replaced, also while the old one runs.
func Into(folder string, open Source) error {
	source, err := open()
	if err != nil {
		return err
	}
	defer source.Close()
	// The name is always the same, so that tries that were cut off do not fill the volume.
	unfinished := filepath.Join(folder, "."+name+".unfinished")
	if err := os.Remove(unfinished); err != nil && !os.IsNotExist(err) {
		return err
	}
	err = write(unfinished, source)
	if err == nil {
		err = os.Rename(unfinished, filepath.Join(folder, name))
	}
	if err != nil {
		os.Remove(unfinished)
	}
	return err
}

func write(path string, source io.Reader) (err error) {
	target, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o200)
	if err != nil {
		return err
	}
	defer func() {
		if closing := target.Close(); err == nil {
			err = closing
		}
	}()
	// io.Copy's buffer of 32 KiB costs some 350 system calls, which is felt under a CPU quota; copy_file_range
	// does not cross from the image's file system to the volume's.
	buffer := make([]byte, 1<<20)
	if _, err := io.CopyBuffer(struct{ io.Writer }{target}, struct{ io.Reader }{source}, buffer); err != nil {
		return fmt.Errorf("copy to %s: %w", path, err)
	}
	return target.Chmod(0o555) // not left to umask
}
