package main

import (
	"errors"
	"net/http"
	"strings"

	wrap "k8s.io/client-go/transport"
)

// user is a user to act as, or that a proxy has authenticated.
type user struct {
	Name   string              `json:"name"`
	UID    string              `json:"uid"`
	Groups []string            `json:"groups"`
	Extra  map[string][]string `json:"extra"`
}

// runHeaders sends a request through the wrappers of a config, and returns its headers, with lower-case names.
func runHeaders(input []byte) any {
	in := read[struct {
		Token       string      `json:"token"`
		Username    string      `json:"username"`
		Password    string      `json:"password"`
		Impersonate *user       `json:"impersonate"`
		AuthProxy   *user       `json:"auth_proxy"`
		Headers     [][2]string `json:"headers"`
	}](input)
	var sent http.Header
	base := transport(func(request *http.Request) (*http.Response, error) {
		sent = request.Header
		return nil, errors.New("sent")
	})
	config := &wrap.Config{BearerToken: in.Token, Username: in.Username, Password: in.Password}
	if in.Impersonate != nil {
		config.Impersonate = wrap.ImpersonationConfig{
			UserName: in.Impersonate.Name,
			UID:      in.Impersonate.UID,
			Groups:   in.Impersonate.Groups,
			Extra:    in.Impersonate.Extra,
		}
	}
	if proxy := in.AuthProxy; proxy != nil {
		config.WrapTransport = func(inner http.RoundTripper) http.RoundTripper {
			return wrap.NewAuthProxyRoundTripper(proxy.Name, proxy.UID, proxy.Groups, proxy.Extra, inner)
		}
	}
	trip, err := wrap.HTTPWrappersForConfig(config, base)
	if err != nil {
		return refused
	}
	request, err := http.NewRequest("GET", "https://server/api", nil)
	if err != nil {
		return refused
	}
	for _, pair := range in.Headers {
		request.Header.Add(pair[0], pair[1])
	}
	_, _ = trip.RoundTrip(request)
	result := object{}
	for name, values := range sent {
		result[strings.ToLower(name)] = values
	}
	return result
}
