package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/federation"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

func judge(ctx context.Context, r request) (verdict, error) {
	trustDomain, err := spiffeid.TrustDomainFromString(r.TrustDomain)
	if err != nil {
		return verdict{}, err
	}
	switch r.Op {
	case "fetch_bundle":
		return fetchBundle(ctx, trustDomain, r)
	case "parse_bundle":
		bundle, err := spiffebundle.Parse(trustDomain, r.Bundle)
		if err != nil {
			return verdict{}, err
		}
		return describe(bundle), nil
	case "x509":
		return verifyX509(trustDomain, r)
	case "jwt":
		return verifyJWT(trustDomain, r)
	}
	return verdict{}, fmt.Errorf("no such operation: %q", r.Op)
}

func fetchBundle(ctx context.Context, trustDomain spiffeid.TrustDomain, r request) (verdict, error) {
	var options []federation.FetchOption
	if r.Roots != "" {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(r.Roots)) {
			return verdict{}, errors.New("roots hold no certificate")
		}
		options = append(options, federation.WithWebPKIRoots(roots))
	}
	bundle, err := federation.FetchBundle(ctx, trustDomain, r.URL, options...)
	if err != nil {
		return verdict{}, err
	}
	return describe(bundle), nil
}

func describe(bundle *spiffebundle.Bundle) verdict {
	v := verdict{X509Authorities: len(bundle.X509Authorities())}
	for id := range bundle.JWTAuthorities() {
		v.JWTAuthorities = append(v.JWTAuthorities, id)
	}
	slices.Sort(v.JWTAuthorities)
	v.Sequence, _ = bundle.SequenceNumber()
	hint, _ := bundle.RefreshHint()
	v.RefreshHint = int64(hint / time.Second)
	return v
}

// verifyX509 runs both doors of go-spiffe: ParseAndVerify checks the path but
// lets a leaf without a path or without digitalSignature pass; ParseRaw, which
// a workload's own SVID goes through, is strict about the leaf. A document must
// pass both where the private key is at hand.
func verifyX509(trustDomain spiffeid.TrustDomain, r request) (verdict, error) {
	bundle, err := spiffebundle.Parse(trustDomain, r.Bundle)
	if err != nil {
		return verdict{}, err
	}
	chain, err := decodePEM(r.Chain, "CERTIFICATE")
	if err != nil {
		return verdict{}, err
	}
	if r.Key != "" {
		key, err := decodePEM(r.Key, "PRIVATE KEY")
		if err != nil {
			return verdict{}, err
		}
		if _, err := x509svid.ParseRaw(slices.Concat(chain...), key[0]); err != nil {
			return verdict{}, err
		}
	}
	var options []x509svid.VerifyOption
	if r.At != 0 {
		options = append(options, x509svid.WithTime(time.Unix(r.At, 0)))
	}
	id, chains, err := x509svid.ParseAndVerify(chain, bundle, options...)
	if err != nil {
		return verdict{}, err
	}
	return verdict{SPIFFEID: id.String(), ChainLength: len(chains[0]), ExpiresAt: chains[0][0].NotAfter.Unix()}, nil
}

func verifyJWT(trustDomain spiffeid.TrustDomain, r request) (verdict, error) {
	// go-spiffe does not look at the audience when it is given none.
	if len(r.Audience) == 0 {
		return verdict{}, errors.New("an expected audience is required")
	}
	bundle, err := spiffebundle.Parse(trustDomain, r.Bundle)
	if err != nil {
		return verdict{}, err
	}
	svid, err := jwtsvid.ParseAndValidate(r.Token, bundle, r.Audience)
	if err != nil {
		return verdict{}, err
	}
	return verdict{SPIFFEID: svid.ID.String(), Audience: svid.Audience, ExpiresAt: svid.Expiry.Unix()}, nil
}

func decodePEM(text, label string) ([][]byte, error) {
	var blocks [][]byte
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != label {
			return nil, fmt.Errorf("unexpected PEM block %q", block.Type)
		}
		blocks = append(blocks, block.Bytes)
	}
	if len(blocks) == 0 {
		return nil, fmt.Errorf("no PEM block %q", label)
	}
	return blocks, nil
}
