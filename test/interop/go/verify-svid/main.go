// verify-svid is a relying party built on go-spiffe. It reads one JSON request
// a line on standard input and answers each with one JSON verdict a line, so
// that one process judges thousands of documents.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// request names an operation and what it needs; the rest stays empty.
type request struct {
	ID          string          `json:"id"`
	Op          string          `json:"op"`
	TrustDomain string          `json:"trust_domain"`
	Bundle      json.RawMessage `json:"bundle"`   // SPIFFE bundle document
	URL         string          `json:"url"`      // of a bundle endpoint
	Roots       string          `json:"roots"`    // PEM, Web PKI roots of that endpoint
	Chain       string          `json:"chain"`    // PEM, leaf first
	Key         string          `json:"key"`      // PEM, PKCS#8 of the leaf
	Token       string          `json:"token"`    // compact JWT
	Audience    []string        `json:"audience"` // expected, never empty
	At          int64           `json:"at"`       // Unix seconds for x509, 0 is now
}

// verdict says whether go-spiffe took the document, and what it read from it.
type verdict struct {
	ID    string `json:"id"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`

	SPIFFEID        string   `json:"spiffe_id,omitempty"`
	ChainLength     int      `json:"chain_length,omitempty"`
	Audience        []string `json:"audience,omitempty"`
	ExpiresAt       int64    `json:"expires_at,omitempty"`
	X509Authorities int      `json:"x509_authorities,omitempty"`
	JWTAuthorities  []string `json:"jwt_authorities,omitempty"`
	Sequence        uint64   `json:"sequence,omitempty"`
	RefreshHint     int64    `json:"refresh_hint,omitempty"`
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for {
		line, readErr := lines.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := encoder.Encode(answer(line)); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
		if readErr != nil {
			return
		}
	}
}

func answer(line []byte) verdict {
	var r request
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return verdict{Error: "request: " + err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	v, err := judge(ctx, r)
	v.ID, v.OK = r.ID, err == nil
	if err != nil {
		v.Error = err.Error()
	}
	return v
}
