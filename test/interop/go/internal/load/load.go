// Package load drives a server with a bounded number of requests and accounts
// for the CPU time that the server's process spent on them.
package load

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Plan bounds a run: it ends after Requests requests or at the first failure.
type Plan struct {
	PID         int // process whose CPU time is read
	Requests    int
	Concurrency int
	Warmup      int // requests before the measured ones, not counted
}

// Figures is what a run prints, one JSON object.
type Figures struct {
	Work          string  `json:"work"`
	Requests      int     `json:"requests"`
	Seconds       float64 `json:"seconds"`
	ServerCPU     float64 `json:"server_cpu_seconds"`
	MicrosPerCall float64 `json:"server_cpu_micros_per_request"`
	PerCoreSecond float64 `json:"per_core_second"`
}

// Run calls do(worker, n) for each n in [0, Warmup+Requests): n is unique, so
// that a prepared request is never sent twice.
func Run(work string, plan Plan, do func(worker, n int) error) (Figures, error) {
	if err := drive(plan.Concurrency, 0, plan.Warmup, do); err != nil {
		return Figures{}, err
	}
	before, err := cpuSeconds(plan.PID)
	if err != nil {
		return Figures{}, err
	}
	start := time.Now()
	if err := drive(plan.Concurrency, plan.Warmup, plan.Warmup+plan.Requests, do); err != nil {
		return Figures{}, err
	}
	elapsed := time.Since(start).Seconds()
	after, err := cpuSeconds(plan.PID)
	if err != nil {
		return Figures{}, err
	}
	cpu := after - before
	return Figures{
		Work: work, Requests: plan.Requests, Seconds: elapsed, ServerCPU: cpu,
		MicrosPerCall: cpu / float64(plan.Requests) * 1e6,
		PerCoreSecond: float64(plan.Requests) / cpu,
	}, nil
}

func drive(concurrency, from, to int, do func(worker, n int) error) error {
	var next atomic.Int64
	next.Store(int64(from))
	var failed atomic.Bool
	errs := make(chan error, concurrency)
	var wg sync.WaitGroup
	for worker := range concurrency {
		wg.Go(func() {
			for !failed.Load() {
				n := int(next.Add(1) - 1)
				if n >= to {
					return
				}
				if err := do(worker, n); err != nil {
					failed.Store(true)
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

// cpuSeconds reads utime+stime of a process with all its threads. Linux counts
// them in hundredths of a second (USER_HZ is 100 on every architecture we run on).
func cpuSeconds(pid int) (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the program's name in parentheses and may hold spaces.
	stat := string(raw)
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	var ticks uint64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return float64(ticks) / 100, nil
}

// Finish prints the figures, or the error and leaves with status 1.
func Finish(figures Figures, err error) {
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(figures)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
