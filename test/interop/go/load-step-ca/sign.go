package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"svidmint.invalid/interop/go/internal/load"
)

func run(dir string, port int, plan load.Plan) (load.Figures, error) {
	endpoint := fmt.Sprintf("https://127.0.0.1:%d/1.0/sign", port)
	bodies, err := makeBodies(dir, endpoint, plan.Warmup+plan.Requests)
	if err != nil {
		return load.Figures{}, err
	}
	root, err := os.ReadFile(filepath.Join(dir, "root.crt"))
	if err != nil {
		return load.Figures{}, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(root) {
		return load.Figures{}, errors.New("root.crt holds no certificate")
	}
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: plan.Concurrency,
		TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13},
	}}
	return load.Run("step-ca /1.0/sign", plan, func(_, n int) error {
		response, err := client.Post(endpoint, "application/json", bytes.NewReader(bodies[n]))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusCreated {
			return fmt.Errorf("status %d: %s", response.StatusCode, answer)
		}
		return nil
	})
}

// makeBodies gives n requests, each with its own key, name and one-time token.
func makeBodies(dir, endpoint string, n int) ([][]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, "provisioner.key"))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("provisioner.key is not PEM")
	}
	provisioner, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: provisioner, KeyID: provisionerName}},
		(&jose.SignerOptions{}).WithType("JWT"),
	)
	if err != nil {
		return nil, err
	}
	bodies := make([][]byte, n)
	for i := range bodies {
		name := fmt.Sprintf("spiffe://bench.example/load/%d", i)
		csr, err := makeCSR(name)
		if err != nil {
			return nil, err
		}
		now := time.Now()
		token, err := jwt.Signed(signer).Claims(jwt.Claims{
			ID: rand.Text(), Issuer: provisionerName, Subject: name, Audience: jwt.Audience{endpoint},
			NotBefore: jwt.NewNumericDate(now), IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(5 * time.Minute)),
		}).Claims(map[string]any{"sans": []string{name}}).Serialize()
		if err != nil {
			return nil, err
		}
		if bodies[i], err = json.Marshal(map[string]string{"csr": csr, "ott": token}); err != nil {
			return nil, err
		}
	}
	return bodies, nil
}

func makeCSR(name string) (string, error) {
	id, err := url.Parse(name)
	if err != nil {
		return "", err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{id}}, key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), nil
}
