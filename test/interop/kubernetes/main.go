// authenticate is the OpenID Connect authenticator of kube-apiserver, made of
// its own packages. It reads an AuthenticationConfiguration from the file that
// is its argument, and one token a line on standard input, and answers each
// with one JSON verdict a line.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/install"
	"k8s.io/apiserver/pkg/apis/apiserver/validation"
	"k8s.io/apiserver/pkg/authentication/cel"
	"k8s.io/apiserver/plugin/pkg/authenticator/token/oidc"
)

// verdict says whose the token is to the cluster, or why it is nobody's.
type verdict struct {
	OK       bool     `json:"ok"`
	Error    string   `json:"error,omitempty"`
	Username string   `json:"username,omitempty"`
	Groups   []string `json:"groups,omitempty"`
}

// pem is a CA that does not change.
type pem []byte

func (p pem) CurrentCABundleContent() []byte { return p }

func main() {
	if err := serve(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, path string) error {
	config, err := load(path)
	if err != nil {
		return err
	}
	authenticator, err := open(ctx, config.JWT[0])
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		if err := answers.Encode(judge(ctx, authenticator, lines.Text())); err != nil {
			return err
		}
	}
	return lines.Err()
}

// load decodes strictly and validates, as kube-apiserver does at its start.
func load(path string) (*apiserver.AuthenticationConfiguration, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	install.Install(scheme)
	codecs := serializer.NewCodecFactory(scheme, serializer.EnableStrict)
	object, err := runtime.Decode(codecs.UniversalDecoder(), data)
	if err != nil {
		return nil, err
	}
	config, ok := object.(*apiserver.AuthenticationConfiguration)
	if !ok || len(config.JWT) != 1 {
		return nil, errors.New("not an AuthenticationConfiguration of one issuer")
	}
	problems := validation.ValidateAuthenticationConfiguration(cel.NewDefaultCompiler(), config, nil)
	return config, problems.ToAggregate()
}

// open waits for discovery, which goes on in the background.
func open(ctx context.Context, jwt apiserver.JWTAuthenticator) (oidc.AuthenticatorTokenWithHealthCheck, error) {
	options := oidc.Options{
		JWTAuthenticator:     jwt,
		SupportedSigningAlgs: oidc.AllValidSigningAlgorithms(),
	}
	if jwt.Issuer.CertificateAuthority != "" {
		options.CAContentProvider = pem(jwt.Issuer.CertificateAuthority)
	}
	authenticator, err := oidc.New(ctx, options)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if err = authenticator.HealthCheck(); err == nil || time.Now().After(deadline) {
			return authenticator, err
		}
	}
}

func judge(ctx context.Context, authenticator oidc.AuthenticatorTokenWithHealthCheck, token string) verdict {
	response, ok, err := authenticator.AuthenticateToken(ctx, token)
	switch {
	case err != nil:
		return verdict{Error: err.Error()}
	case !ok:
		return verdict{Error: "not a token of this issuer"}
	}
	return verdict{OK: true, Username: response.User.GetName(), Groups: response.User.GetGroups()}
}
