// load-step-ca has two uses. "init" writes a root, an intermediate, a JWK
// provisioner and the configuration of a step-ca without a database into a
// folder; "load" sends distinct CSRs with distinct one-time tokens to /1.0/sign
// and prints the server's CPU per certificate.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"svidmint.invalid/interop/go/internal/load"
)

const provisionerName = "bench"

func main() {
	dir := flag.String("dir", "", "folder of the authority's files")
	port := flag.Int("port", 0, "port on 127.0.0.1")
	prepare := flag.Bool("init", false, "write the files and stop")
	deadline := flag.Duration("deadline", 2*time.Minute, "gives up after this time")
	var plan load.Plan
	flag.IntVar(&plan.PID, "pid", 0, "process of the server")
	flag.IntVar(&plan.Requests, "requests", 10000, "measured requests")
	flag.IntVar(&plan.Concurrency, "concurrency", 16, "requests in flight")
	flag.IntVar(&plan.Warmup, "warmup", 1000, "requests before the measured ones")
	flag.Parse()

	if *prepare {
		if err := writeAuthority(*dir, *port); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	time.AfterFunc(*deadline, func() {
		fmt.Fprintln(os.Stderr, "deadline passed")
		os.Exit(1)
	})
	load.Finish(run(*dir, *port, plan))
}
