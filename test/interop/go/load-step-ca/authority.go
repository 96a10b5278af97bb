package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// writeAuthority makes a throw-away authority that lives for a day.
func writeAuthority(dir string, port int) error {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	issuingKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	provisionerKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}

	root := authorityTemplate(1, "bench root", 1)
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return err
	}
	issuing := authorityTemplate(2, "bench issuing", 0)
	issuingDER, err := x509.CreateCertificate(rand.Reader, issuing, root, issuingKey.Public(), rootKey)
	if err != nil {
		return err
	}

	configuration := map[string]any{
		"root":     filepath.Join(dir, "root.crt"),
		"crt":      filepath.Join(dir, "issuing.crt"),
		"key":      filepath.Join(dir, "issuing.key"),
		"address":  fmt.Sprintf("127.0.0.1:%d", port),
		"dnsNames": []string{"127.0.0.1"},
		"logger":   map[string]string{"format": "json"},
		"authority": map[string]any{"provisioners": []any{map[string]any{
			"type": "JWK",
			"name": provisionerName,
			"key":  jose.JSONWebKey{Key: provisionerKey.Public(), KeyID: provisionerName, Algorithm: "ES256", Use: "sig"},
		}}},
	}
	text, err := json.MarshalIndent(configuration, "", "  ")
	if err != nil {
		return err
	}

	files := map[string][]byte{
		"root.crt":    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}),
		"issuing.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issuingDER}),
		"ca.json":     text,
	}
	for name, key := range map[string]*ecdsa.PrivateKey{"issuing.key": issuingKey, "provisioner.key": provisionerKey} {
		der, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			return err
		}
		files[name] = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	}
	for name, bytes := range files {
		if err := os.WriteFile(filepath.Join(dir, name), bytes, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func authorityTemplate(serial int64, name string, pathLength int) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          big.NewInt(serial),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            pathLength,
		MaxPathLenZero:        pathLength == 0,
	}
}
