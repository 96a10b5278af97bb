package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

const timeout = 3 * time.Second

type workload struct {
	source *workloadapi.X509Source
	peer   spiffeid.TrustDomain
	counts *counts
}

// authorize takes the peer's workloads, and notes the authority that proved them.
func (w *workload) authorize(id spiffeid.ID, chains [][]*x509.Certificate) error {
	if !id.MemberOf(w.peer) {
		return errors.New("of another trust domain: " + id.String())
	}
	chain := chains[0]
	digest := sha256.Sum256(chain[len(chain)-1].Raw)
	w.counts.verified(id.String(), hex.EncodeToString(digest[:]))
	return nil
}

func (w *workload) serve(listener net.Listener) {
	config := tlsconfig.MTLSServerConfig(w.source, w.source, w.authorize)
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(timeout))
			server := tls.Server(conn, config)
			err := server.Handshake()
			if err == nil {
				_, err = server.Write([]byte("pong\n"))
				server.CloseWrite()
			}
			w.counts.accepted(err)
		}()
	}
}

func (w *workload) connectEvery(ctx context.Context, every time.Duration, address string) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			go func() { w.counts.dialled(w.connect(address)) }()
		}
	}
}

// connect waits for an answer: under TLS 1.3 the handshake of a client ends
// before the server has judged its certificate.
func (w *workload) connect(address string) error {
	config := tlsconfig.MTLSClientConfig(w.source, w.source, w.authorize)
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: timeout}, "tcp", address, config)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(timeout))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && line != "pong\n" {
		err = errors.New("another answer: " + line)
	}
	return err
}

// report is of all connections so far.
type report struct {
	Dialled     int      `json:"dialled"`
	Accepted    int      `json:"accepted"`
	Failed      int      `json:"failed"`
	Errors      []string `json:"errors"`      // the first few
	IDs         []string `json:"ids"`         // of peers that were verified
	Authorities []string `json:"authorities"` // hex SHA-256 of the peers' roots, as they were first met
}

type counts struct {
	mu sync.Mutex
	r  report
}

func newCounts() *counts {
	return &counts{r: report{Errors: []string{}, IDs: []string{}, Authorities: []string{}}}
}

func (c *counts) verified(id, authority string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.r.IDs, id) {
		c.r.IDs = append(c.r.IDs, id)
	}
	if !slices.Contains(c.r.Authorities, authority) {
		c.r.Authorities = append(c.r.Authorities, authority)
	}
}

func (c *counts) accepted(err error) { c.count(&c.r.Accepted, err) }
func (c *counts) dialled(err error)  { c.count(&c.r.Dialled, err) }

func (c *counts) count(what *int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*what++
	if err == nil {
		return
	}
	c.r.Failed++
	if len(c.r.Errors) < 10 {
		c.r.Errors = append(c.r.Errors, err.Error())
	}
}

func (c *counts) report() report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.r
	r.Errors, r.IDs, r.Authorities = slices.Clone(r.Errors), slices.Clone(r.IDs), slices.Clone(r.Authorities)
	return r
}
