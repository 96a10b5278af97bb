// watch-bundle is a relying party as a long-running service is one: go-spiffe
// watches the bundle endpoint for it, and it judges what it is shown by the
// bundle that it holds at that moment. It reads one JSON document a line on
// standard input and answers each with one verdict a line, in their order.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/federation"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// document is an SVID; with neither chain nor token it asks what is held.
type document struct {
	Chain    string   `json:"chain"` // PEM, leaf first
	Token    string   `json:"token"`
	Audience []string `json:"audience"`
}

// verdict is of one document, with the state of the bundle that it was judged by.
type verdict struct {
	OK              bool     `json:"ok"`
	Error           string   `json:"error,omitempty"`
	Sequence        uint64   `json:"sequence"`
	X509Authorities int      `json:"x509_authorities"`
	JWTAuthorities  int      `json:"jwt_authorities"`
	Sequences       []uint64 `json:"sequences"` // of all updates so far
	Errors          int      `json:"errors"`    // failed fetches so far
	LastError       string   `json:"last_error,omitempty"`
}

type watcher struct {
	every time.Duration

	mu        sync.Mutex
	bundle    *spiffebundle.Bundle
	sequences []uint64
	errors    int
	lastError string
}

// NextRefresh is never later than the hint, as go-spiffe asks of watchers.
func (w *watcher) NextRefresh(hint time.Duration) time.Duration {
	if hint > 0 && hint < w.every {
		return hint
	}
	return w.every
}

func (w *watcher) OnUpdate(bundle *spiffebundle.Bundle) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sequence, _ := bundle.SequenceNumber()
	w.bundle, w.sequences = bundle, append(w.sequences, sequence)
}

func (w *watcher) OnError(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors++
	w.lastError = err.Error()
}

func (w *watcher) judge(d document) verdict {
	w.mu.Lock()
	bundle := w.bundle
	v := verdict{Sequences: append([]uint64{}, w.sequences...), Errors: w.errors, LastError: w.lastError}
	w.mu.Unlock()
	err := verify(bundle, d)
	v.OK = err == nil
	if err != nil {
		v.Error = err.Error()
	}
	if bundle != nil {
		v.Sequence, _ = bundle.SequenceNumber()
		v.X509Authorities = len(bundle.X509Authorities())
		v.JWTAuthorities = len(bundle.JWTAuthorities())
	}
	return v
}

func verify(bundle *spiffebundle.Bundle, d document) error {
	switch {
	case bundle == nil:
		return errors.New("there is no bundle yet")
	case d.Chain != "":
		var chain [][]byte
		for block, rest := pem.Decode([]byte(d.Chain)); block != nil; block, rest = pem.Decode(rest) {
			chain = append(chain, block.Bytes)
		}
		_, _, err := x509svid.ParseAndVerify(chain, bundle)
		return err
	case d.Token != "":
		// go-spiffe does not look at the audience when it is given none.
		if len(d.Audience) == 0 {
			return errors.New("an expected audience is required")
		}
		_, err := jwtsvid.ParseAndValidate(d.Token, bundle, d.Audience)
		return err
	}
	return nil
}

func run() error {
	name := flag.String("trust-domain", "", "whose bundle it is")
	url := flag.String("url", "", "of the bundle endpoint")
	every := flag.Duration("every", time.Second, "time between two fetches, the hint at most")
	flag.Parse()
	trustDomain, err := spiffeid.TrustDomainFromString(*name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := &watcher{every: *every}
	go federation.WatchBundle(ctx, trustDomain, *url, w)

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var d document
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			return err
		}
		if err := out.Encode(w.judge(d)); err != nil {
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
