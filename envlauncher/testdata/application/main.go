// Command application is what the launcher's tests start in a container: it tells what it was started with.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"unsafe"
)

// Facts are what an application can notice of how it was started.
type Facts struct {
	PID, UID    int
	Argv        []string
	Environment []string
	Folder      string
	OpenFiles   []int
}

func main() {
	switch mode := os.Args[min(1, len(os.Args)-1)]; mode {
	case "echo":
		io.Copy(os.Stdout, os.Stdin)
	case "exit":
		code, _ := strconv.Atoi(os.Args[2])
		os.Exit(code)
	case "wait":
		waitForSignal()
	case "terminal":
		fmt.Println(isTerminal(os.Stdin.Fd()), os.Getpid())
	case "measure":
		measure(os.Args[2:])
	default:
		json.NewEncoder(os.Stdout).Encode(facts())
	}
}

func facts() Facts {
	folder, _ := os.Getwd()
	return Facts{
		PID: os.Getpid(), UID: os.Getuid(), Argv: os.Args, Environment: os.Environ(), Folder: folder, OpenFiles: openFiles(),
	}
}

func openFiles() (open []int) {
	for file := range 256 {
		if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(file), syscall.F_GETFD, 0); errno == 0 {
			open = append(open, file)
		}
	}
	return open
}

func isTerminal(file uintptr) bool {
	var size [4]uint16
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	return errno == 0
}

func waitForSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1)
	fmt.Println("waiting as", os.Getpid())
	fmt.Println("got", <-signals)
	os.Exit(7)
}

// measure starts a command and prints the most memory that it held, in KiB. The kernel counts a child's memory
// from the fork on, so the parent must be small: this program is, a test is not.
func measure(argv []string) {
	command := exec.Command(argv[0], argv[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stderr, os.Stderr
	command.Run()
	fmt.Println(command.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
}
