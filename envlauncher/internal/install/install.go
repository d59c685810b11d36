// Package install copies the launcher to where application containers find it.
package install

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const name = "piggy-env"

// Into copies the running program to folder/piggy-env. The file appears whole or not at all, and whoever runs
// it cannot write it. Done again it is replaced, also while the old one runs.
func Into(folder string) error {
	source, err := os.Open("/proc/self/exe")
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
