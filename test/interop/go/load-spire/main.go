// load-spire mints SVIDs through a SPIRE server's private socket, as an
// administrator on the same machine may, and prints the server's CPU per SVID.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"flag"
	"fmt"
	"net/url"
	"time"

	svidv1 "github.com/spiffe/spire-api-sdk/proto/spire/api/server/svid/v1"
	"github.com/spiffe/spire-api-sdk/proto/spire/api/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"svidmint.invalid/interop/go/internal/load"
)

func main() {
	socket := flag.String("socket", "", "SPIRE server API socket")
	work := flag.String("work", "x509", "x509 or jwt")
	trustDomain := flag.String("trust-domain", "", "trust domain of the server")
	deadline := flag.Duration("deadline", 2*time.Minute, "gives up after this time")
	var plan load.Plan
	flag.IntVar(&plan.PID, "pid", 0, "process of the server")
	flag.IntVar(&plan.Requests, "requests", 10000, "measured requests")
	flag.IntVar(&plan.Concurrency, "concurrency", 16, "requests in flight")
	flag.IntVar(&plan.Warmup, "warmup", 1000, "requests before the measured ones")
	flag.Parse()

	ctx, cancel := context.WithTimeout(context.Background(), *deadline)
	defer cancel()
	load.Finish(run(ctx, *socket, *work, *trustDomain, plan))
}

func run(ctx context.Context, socket, work, trustDomain string, plan load.Plan) (load.Figures, error) {
	conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return load.Figures{}, err
	}
	defer conn.Close()
	client := svidv1.NewSVIDClient(conn)

	switch work {
	case "x509":
		csrs, err := makeCSRs(trustDomain, plan.Warmup+plan.Requests)
		if err != nil {
			return load.Figures{}, err
		}
		return load.Run("SPIRE MintX509SVID", plan, func(_, n int) error {
			_, err := client.MintX509SVID(ctx, &svidv1.MintX509SVIDRequest{Csr: csrs[n], Ttl: 3600})
			return err
		})
	case "jwt":
		return load.Run("SPIRE MintJWTSVID", plan, func(_, n int) error {
			_, err := client.MintJWTSVID(ctx, &svidv1.MintJWTSVIDRequest{
				Id:       &types.SPIFFEID{TrustDomain: trustDomain, Path: fmt.Sprintf("/load/%d", n)},
				Audience: []string{"https://orders.example.org"},
				Ttl:      300,
			})
			return err
		})
	}
	return load.Figures{}, fmt.Errorf("no such work: %q", work)
}

// makeCSRs gives n requests for n distinct keys and SPIFFE IDs.
func makeCSRs(trustDomain string, n int) ([][]byte, error) {
	csrs := make([][]byte, n)
	for i := range csrs {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		id := &url.URL{Scheme: "spiffe", Host: trustDomain, Path: fmt.Sprintf("/load/%d", i)}
		csrs[i], err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{id}}, key)
		if err != nil {
			return nil, err
		}
	}
	return csrs, nil
}
