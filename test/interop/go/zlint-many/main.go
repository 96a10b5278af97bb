// zlint-many runs zlint over every certificate of a PEM stream on standard
// input and prints one JSON summary: starting zlint once a certificate would
// take minutes for a thousand of them.
package main

import (
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"
)

// finding counts the certificates that a lint objects to.
type finding struct {
	Status string `json:"status"`
	Count  int    `json:"count"`
	First  int    `json:"first"` // index of the first such certificate
	Detail string `json:"detail,omitempty"`
}

type summary struct {
	Certificates int                 `json:"certificates"`
	Lints        int                 `json:"lints"`    // in force
	Applied      int                 `json:"applied"`  // that applied to at least one certificate
	Findings     map[string]*finding `json:"findings"` // by lint name, notices and worse
}

func main() {
	sources := flag.String("includeSources", "RFC5280,Community", "sources of the lints to run")
	flag.Parse()
	if err := run(*sources); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(sources string) error {
	var include lint.SourceList
	if err := include.FromString(sources); err != nil {
		return err
	}
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{IncludeSources: include})
	if err != nil {
		return err
	}
	rest, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	result := summary{Lints: len(registry.Names()), Findings: map[string]*finding{}}
	applied := map[string]bool{}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("certificate %d: %w", result.Certificates, err)
		}
		for name, outcome := range zlint.LintCertificateEx(certificate, registry).Results {
			if outcome.Status != lint.NA && outcome.Status != lint.NE {
				applied[name] = true
			}
			if outcome.Status <= lint.Pass {
				continue
			}
			if result.Findings[name] == nil {
				result.Findings[name] = &finding{Status: outcome.Status.String(), First: result.Certificates, Detail: outcome.Details}
			}
			result.Findings[name].Count++
		}
		result.Certificates++
	}
	result.Applied = len(applied)
	return json.NewEncoder(os.Stdout).Encode(result)
}
