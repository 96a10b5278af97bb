package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/url"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// authority is the only CA software of a trust domain: the latest root in its
// bundle signs when told to, and the others go when told to.
type authority struct {
	trustDomain spiffeid.TrustDomain
	id          spiffeid.ID
	bundle      *spiffebundle.Bundle

	mu     sync.Mutex
	latest root
	svid   *x509svid.SVID
}

type root struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func newAuthority(name, path string, hint time.Duration) (*authority, error) {
	trustDomain, err := spiffeid.TrustDomainFromString(name)
	if err != nil {
		return nil, err
	}
	id, err := spiffeid.FromPath(trustDomain, path)
	if err != nil {
		return nil, err
	}
	a := &authority{trustDomain: trustDomain, id: id, bundle: spiffebundle.New(trustDomain)}
	a.bundle.SetRefreshHint(hint)
	a.bundle.SetSequenceNumber(0)
	if err := a.change("publish"); err != nil {
		return nil, err
	}
	return a, a.change("use")
}

// GetX509SVID is what TLS connections are shown.
func (a *authority) GetX509SVID() (*x509svid.SVID, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.svid, nil
}

func (a *authority) change(op string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch op {
	case "publish":
		next, err := newRoot(a.trustDomain)
		if err != nil {
			return err
		}
		a.latest = next
		a.bundle.AddX509Authority(next.certificate)
	case "use":
		svid, err := a.latest.sign(a.id)
		if err != nil {
			return err
		}
		a.svid = svid
		return nil
	case "retire":
		a.bundle.SetX509Authorities([]*x509.Certificate{a.latest.certificate})
	default:
		return fmt.Errorf("no such operation: %q", op)
	}
	sequence, _ := a.bundle.SequenceNumber()
	a.bundle.SetSequenceNumber(sequence + 1)
	return nil
}

func newRoot(trustDomain spiffeid.TrustDomain) (root, error) {
	template, err := certificate(trustDomain.ID().URL(), 24*time.Hour)
	if err != nil {
		return root{}, err
	}
	template.Subject = pkix.Name{CommonName: "root", SerialNumber: template.SerialNumber.String()}
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return root{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return root{}, err
	}
	parsed, err := x509.ParseCertificate(der)
	return root{parsed, key}, err
}

func (r root) sign(id spiffeid.ID) (*x509svid.SVID, error) {
	template, err := certificate(id.URL(), time.Hour)
	if err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, r.certificate, key.Public(), r.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &x509svid.SVID{ID: id, Certificates: []*x509.Certificate{leaf}, PrivateKey: key}, nil
}

func certificate(uri *url.URL, life time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          serial,
		URIs:                  []*url.URL{uri},
		NotBefore:             now.Add(-time.Minute),
		NotAfter:              now.Add(life),
		BasicConstraintsValid: true,
	}, nil
}
