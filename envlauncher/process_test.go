// What the launcher hands on of the process that it is: being process 1, a terminal, descriptors, and as much
// environment as the kernel takes.

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

func TestTheApplicationIsProcessOneWhereTheLauncherWas(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, values(t, "k", canary))
	command := c.command(p.settings("A=piggy:k"), launcherPath, "--", "application", "wait")
	command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWPID
	command.Stdout = nil
	output, err := command.StdoutPipe()
	c.must(err)
	c.start(command)
	said := bufio.NewReader(output)
	if line, err := said.ReadString('\n'); err != nil || line != "waiting as 1\n" {
		t.Fatalf("it said %q, %v: %s", line, err, c.stderr.String())
	}
	// To process 1 the kernel sends only what it asked for.
	command.Process.Signal(syscall.SIGTERM)
	rest, _ := io.ReadAll(said)
	if code := c.finish(command); code != 7 || string(rest) != "got terminated\n" {
		t.Errorf("exit code %d, it said %q", code, rest)
	}
}

func TestTheTerminalPasses(t *testing.T) {
	c := newContainer(t)
	p := startProvider(t, values(t, "k", canary))
	manager, terminal := openTerminal(t)
	command := c.command(p.settings("A=piggy:k"), launcherPath, "--", "application", "terminal")
	command.Stdin, command.Stdout, command.Stderr = terminal, terminal, terminal
	command.SysProcAttr.Setsid, command.SysProcAttr.Setctty = true, true
	c.start(command)
	terminal.Close()
	line, err := bufio.NewReader(manager).ReadString('\n')
	if code := c.finish(command); code != 0 || strings.TrimSpace(line) != fmt.Sprintf("true %d", command.Process.Pid) {
		t.Errorf("exit code %d, it said %q, %v", code, line, err)
	}
}

func openTerminal(t *testing.T) (manager, terminal *os.File) {
	t.Helper()
	manager, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("needs pseudo terminals: %v", err)
	}
	t.Cleanup(func() { manager.Close() })
	var number, unlock int32
	for request, argument := range map[uintptr]*int32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &unlock} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, manager.Fd(), request, uintptr(unsafe.Pointer(argument))); errno != 0 {
			t.Fatal(errno)
		}
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("needs /dev/pts: %v", err)
	}
	return manager, terminal
}

// Go opens /dev/null in the place of a standard descriptor that is closed, so that no other file gets its number.
func TestStandardDescriptorsMayBeClosed(t *testing.T) {
	for name, closed := range map[string][]int{"stdin": {0}, "stderr": {2}, "stdin and stderr": {0, 2}} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t)
			makeNull(t, c.root+"/dev/null")
			p := startProvider(t, values(t, "k", canary))
			read, write, err := os.Pipe()
			c.must(err)
			defer read.Close()
			null, err := os.Open(os.DevNull)
			c.must(err)
			defer null.Close()
			files := []*os.File{null, write, null}
			for _, number := range closed {
				files[number] = nil
			}
			process, err := os.StartProcess(launcherPath, []string{launcherPath, "--", "/bin/application"}, &os.ProcAttr{
				Dir: "/", Env: p.settings("A=piggy:k", "PATH=/bin"), Files: files, Sys: c.attributes(),
			})
			write.Close()
			if errors.Is(err, syscall.EPERM) {
				t.Skipf("needs root or a user namespace: %v", err)
			}
			c.must(err)
			io.Copy(&c.stdout, read)
			if status, err := process.Wait(); err != nil || !status.Success() {
				t.Fatalf("ended by %s, %v", status, err)
			}
			c.expectEnvironment("A=" + canary)
			if open := c.facts().OpenFiles; !slices.Equal(open[:3], []int{0, 1, 2}) {
				t.Errorf("open are %v", open)
			}
		})
	}
}

func makeNull(t *testing.T, path string) {
	t.Helper()
	const major, minor = 1, 3
	if err := syscall.Mknod(path, syscall.S_IFCHR|0o666, major<<8|minor); err != nil {
		t.Skipf("needs root, to make a /dev/null: %v", err)
	}
}

func TestAnEnvironmentOfAMegabytePasses(t *testing.T) {
	c := newContainer(t)
	long := strings.Repeat("x", 60_000)
	p := startProvider(t, values(t, "k", long))
	var references, expected []string
	for i := range 17 {
		references = append(references, fmt.Sprintf("REFERENCE_%d=piggy:k", i), fmt.Sprintf("NUMBER_%d=%d", i, i))
		expected = append(expected, fmt.Sprintf("REFERENCE_%d=%s", i, long), fmt.Sprintf("NUMBER_%d=%d", i, i))
	}
	if code := c.launch(p.settings(references...), "application"); code != 0 {
		t.Fatalf("exit code %d: %s", code, c.stderr.String())
	}
	c.expectEnvironment(expected...)
}

func TestAVariableMayBeAsLongAsTheKernelTakes(t *testing.T) {
	most := 32*os.Getpagesize() - len("A=\x00")
	for name, length := range map[string]int{"that long": most, "one byte longer": most + 1} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t)
			value := strings.Repeat("x", length)
			p := startProvider(t, values(t, "k", value))
			code := c.launch(p.settings("A=piggy:k"), "application")
			if length > most {
				c.expectFailure(code, 125, fmt.Sprintf("variable A: %d bytes, the kernel takes %d at most", 32*os.Getpagesize()+1, 32*os.Getpagesize()))
				return
			}
			if code != 0 {
				t.Fatalf("exit code %d: %s", code, c.stderr.String())
			}
			c.expectEnvironment("A=" + value)
		})
	}
}
