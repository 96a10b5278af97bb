// federate-spiffe is a trust domain of its own, built on go-spiffe: it serves
// its bundle by profile https_spiffe, with keys that it rotates when told, and
// fetches the bundles of others by that profile. It reads one JSON request a
// line on standard input and answers each with one JSON line; the first line
// that it writes says where it serves.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/federation"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
)

// request is an operation: publish, use and retire are of our own keys,
// fetch is of another trust domain's bundle.
type request struct {
	Op          string          `json:"op"`
	TrustDomain string          `json:"trust_domain"`
	URL         string          `json:"url"`
	EndpointID  string          `json:"endpoint_id"`
	Bundle      json.RawMessage `json:"bundle"` // to verify the endpoint with; else the one fetched last
}

type answer struct {
	OK              bool            `json:"ok"`
	Error           string          `json:"error,omitempty"`
	URL             string          `json:"url,omitempty"`
	Bundle          json.RawMessage `json:"bundle,omitempty"`
	Sequence        uint64          `json:"sequence"`
	X509Authorities int             `json:"x509_authorities"`
}

func describe(bundle *spiffebundle.Bundle) (answer, error) {
	document, err := bundle.Marshal()
	sequence, _ := bundle.SequenceNumber()
	return answer{Bundle: document, Sequence: sequence, X509Authorities: len(bundle.X509Authorities())}, err
}

type fetcher struct{ held *spiffebundle.Bundle }

// fetch goes by the latest bundle, as a client of a self-serving endpoint does.
func (f *fetcher) fetch(r request) (answer, error) {
	trustDomain, err := spiffeid.TrustDomainFromString(r.TrustDomain)
	if err != nil {
		return answer{}, err
	}
	endpointID, err := spiffeid.FromString(r.EndpointID)
	if err != nil {
		return answer{}, err
	}
	if len(r.Bundle) > 0 {
		if f.held, err = spiffebundle.Parse(trustDomain, r.Bundle); err != nil {
			return answer{}, err
		}
	}
	if f.held == nil {
		return answer{}, errors.New("no bundle to begin with")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	bundle, err := federation.FetchBundle(ctx, trustDomain, r.URL, federation.WithSPIFFEAuth(f.held, endpointID))
	if err != nil {
		return answer{}, err
	}
	f.held = bundle
	return describe(bundle)
}

func serve(a *authority) (string, error) {
	handler, err := federation.NewHandler(a.trustDomain, a.bundle)
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, TLSConfig: tlsconfig.TLSServerConfig(a), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		fmt.Fprintln(os.Stderr, server.ServeTLS(listener, "", ""))
	}()
	return fmt.Sprintf("https://%s/bundle", listener.Addr()), nil
}

func run() error {
	name := flag.String("trust-domain", "partner.example", "whose bundle is served")
	path := flag.String("path", "/endpoint", "of the endpoint's SPIFFE ID")
	hint := flag.Duration("hint", 10*time.Second, "refresh hint of the bundle")
	flag.Parse()
	a, err := newAuthority(*name, *path, *hint)
	if err != nil {
		return err
	}
	url, err := serve(a)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	began, err := describe(a.bundle)
	if err != nil {
		return err
	}
	began.OK, began.URL = true, url
	if err := out.Encode(began); err != nil {
		return err
	}
	var f fetcher
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		var v answer
		if r.Op == "fetch" {
			v, err = f.fetch(r)
		} else if err = a.change(r.Op); err == nil {
			v, err = describe(a.bundle)
		}
		v.OK = err == nil
		if err != nil {
			v.Error = err.Error()
		}
		if err := out.Encode(v); err != nil {
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
