package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// idpReply is a response of a provider. Location and Type are headers; "" for none.
type idpReply struct {
	Status   int    `json:"status"`
	Type     string `json:"type"`
	Location string `json:"location"`
	Body     string `json:"body"`
}

// idp is the network: it records each request to a provider, and sends the replies of a case.
type idp struct {
	discovery idpReply
	tokens    []idpReply
	sent      []any
}

func (p *idp) RoundTrip(request *http.Request) (*http.Response, error) {
	body := ""
	if request.Body != nil {
		data, err := io.ReadAll(request.Body)
		must(err)
		body = string(data)
	}
	url := request.URL.Scheme + "://" + request.URL.Host + request.URL.RequestURI()
	p.sent = append(p.sent, []string{request.Method, url, request.Header.Get("Authorization"), body})
	found := p.discovery
	if request.Method == http.MethodPost {
		if len(p.tokens) == 0 {
			return nil, errors.New("no reply")
		}
		found = p.tokens[0]
		if len(p.tokens) > 1 {
			p.tokens = p.tokens[1:]
		}
	}
	if found.Status == 0 {
		return nil, errors.New("connection refused")
	}
	header := http.Header{}
	if found.Type != "" {
		header.Set("Content-Type", found.Type)
	}
	if found.Location != "" {
		header.Set("Location", found.Location)
	}
	return &http.Response{
		StatusCode: found.Status, Status: fmt.Sprint(found.Status), Header: header,
		Body: io.NopCloser(strings.NewReader(found.Body)), Request: request,
	}, nil
}

// network is the default transport of the process, which client-go uses for a provider without TLS settings.
type network struct{ current http.RoundTripper }

func (n *network) RoundTrip(request *http.Request) (*http.Response, error) {
	return n.current.RoundTrip(request)
}

var theNetwork = &network{}

// keeper keeps the settings that were written last.
type keeper struct{ written map[string]string }

func (p *keeper) Persist(config map[string]string) error {
	p.written = maps.Clone(config)
	return nil
}

// cluster is the API server: it records the credentials that it gets.
type cluster struct{ got []any }

func (s *cluster) RoundTrip(request *http.Request) (*http.Response, error) {
	s.got = append(s.got, request.Header.Get("Authorization"))
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: request}, nil
}

// clusters counts the runs: the plugin keeps one provider per cluster for the life of the process.
var clusters int

// runOIDC sends requests with the auth-provider oidc, some seconds apart. The time starts at 2000-01-01.
func runOIDC(input []byte) any {
	in := read[struct {
		Config    map[string]string `json:"config"`
		Discovery idpReply          `json:"discovery"`
		Tokens    []idpReply        `json:"tokens"`
		Pauses    []int             `json:"pauses"`
		Own       bool              `json:"own"`
	}](input)
	http.DefaultTransport = theNetwork
	issuer, written, api := &idp{discovery: in.Discovery, tokens: in.Tokens}, &keeper{}, &cluster{}
	theNetwork.current = issuer
	clusters++
	settings := clientcmdapi.AuthProviderConfig{Name: "oidc", Config: maps.Clone(in.Config)}
	plugin, err := rest.GetAuthProvider(fmt.Sprintf("https://cluster-%d", clusters), &settings, written)
	if err != nil {
		return refused
	}
	client := plugin.WrapTransport(api)
	for _, pause := range in.Pauses {
		time.Sleep(time.Duration(pause) * time.Second)
		request, err := http.NewRequest(http.MethodGet, "https://cluster/api", nil)
		must(err)
		if in.Own {
			request.Header.Set("Authorization", "Bearer own")
		}
		if _, err := client.RoundTrip(request); err != nil {
			api.got = append(api.got, nil)
		}
	}
	return object{"sent": listed(issuer.sent), "authorization": listed(api.got), "written": written.written}
}

// listed returns a list that is never null.
func listed(items []any) []any { return append([]any{}, items...) }
