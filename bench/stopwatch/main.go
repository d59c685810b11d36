// Command stopwatch runs programs one after the other and tells what each took, by wait4. It is small and starts them by
// itself: a process that Node starts takes Node's time, and carries Node's memory in its peak.
//
// It reads a JSON array of {"argv": […], "env": […]} and writes one of {"wallUs", "cpuUs", "peakKb", "code", "stdout"}.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

type program struct {
	Argv []string `json:"argv"`
	Env  []string `json:"env"`
}

type run struct {
	WallUs int64  `json:"wallUs"`
	CPUUs  int64  `json:"cpuUs"`
	PeakKb int64  `json:"peakKb"`
	Code   int    `json:"code"`
	Stdout string `json:"stdout"`
}

func main() {
	if err := runAll(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "stopwatch: %v\n", err)
		os.Exit(1)
	}
}

func runAll(in io.Reader, out io.Writer) error {
	var programs []program
	if err := json.NewDecoder(in).Decode(&programs); err != nil {
		return fmt.Errorf("decode the programs: %w", err)
	}
	runs := make([]run, 0, len(programs))
	for _, p := range programs {
		r, err := measure(p)
		if err != nil {
			return fmt.Errorf("run %q: %w", p.Argv, err)
		}
		runs = append(runs, r)
	}
	return json.NewEncoder(out).Encode(runs)
}

// measure runs a program whose output fits into a pipe.
func measure(p program) (run, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return run{}, err
	}
	defer reader.Close()
	files := []uintptr{os.Stdin.Fd(), writer.Fd(), os.Stderr.Fd()}
	began := time.Now()
	pid, err := syscall.ForkExec(p.Argv[0], p.Argv, &syscall.ProcAttr{Env: p.Env, Files: files})
	writer.Close()
	if err != nil {
		return run{}, err
	}
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		if _, err = syscall.Wait4(pid, &status, 0, &usage); err != syscall.EINTR {
			break
		}
	}
	took := time.Since(began)
	if err != nil {
		return run{}, fmt.Errorf("wait4: %w", err)
	}
	stdout, err := io.ReadAll(reader)
	return run{
		WallUs: took.Microseconds(),
		CPUUs:  (usage.Utime.Nano() + usage.Stime.Nano()) / 1000,
		PeakKb: usage.Maxrss,
		Code:   status.ExitStatus(),
		Stdout: string(stdout),
	}, err
}
