// spire-workload is a workload of SPIRE that speaks mTLS with another trust
// domain: its own X.509-SVID and the bundles that it verifies by come from the
// Workload API alone, and change under it. It prints the address that it serves
// on, then begins to connect to each address that it reads, one a line, on
// standard input. Each empty line is answered with what came of all so far.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

func run() error {
	socket := flag.String("workload-api", "", "address of the Workload API, unix:///…")
	name := flag.String("trust-domain", "", "whose workloads it speaks with")
	every := flag.Duration("every", 100*time.Millisecond, "from one connection to the next")
	flag.Parse()
	peer, err := spiffeid.TrustDomainFromString(*name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	options := workloadapi.WithClientOptions(workloadapi.WithAddr(*socket))
	source, err := workloadapi.NewX509Source(ctx, options)
	if err != nil {
		return err
	}
	defer source.Close()
	w := &workload{source: source, peer: peer, counts: newCounts()}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go w.serve(listener)
	fmt.Println(listener.Addr())

	lines := bufio.NewScanner(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		if address := lines.Text(); address != "" {
			go w.connectEvery(ctx, *every, address)
		} else if err := out.Encode(w.counts.report()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
