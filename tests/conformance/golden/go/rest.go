package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// transport responds to each request with a function.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(request *http.Request) (*http.Response, error) { return t(request) }

func clientFor(host, groupVersion string, trip transport) (*rest.RESTClient, error) {
	gv, err := schema.ParseGroupVersion(groupVersion)
	if err != nil {
		return nil, err
	}
	apiPath := "/apis"
	if gv.Group == "" {
		apiPath = "/api"
	}
	return rest.RESTClientFor(&rest.Config{
		Host:      host,
		APIPath:   apiPath,
		QPS:       -1,
		Transport: trip,
		ContentConfig: rest.ContentConfig{
			GroupVersion:         &gv,
			NegotiatedSerializer: scheme.Codecs.WithoutConversion(),
		},
	})
}

// runURLs builds a request and returns its address, or normalizes the address of a server.
func runURLs(input []byte) any {
	in := read[struct {
		Host         string      `json:"host"`
		TLS          *bool       `json:"tls"`
		GroupVersion string      `json:"group_version"`
		Verb         string      `json:"verb"`
		Namespace    *string     `json:"namespace"`
		Resource     string      `json:"resource"`
		Name         *string     `json:"name"`
		Subresource  *string     `json:"subresource"`
		AbsPath      *string     `json:"abs_path"`
		Params       [][2]string `json:"params"`
	}](input)
	if in.TLS != nil {
		base, _, err := rest.DefaultServerURL(in.Host, "/api", schema.GroupVersion{Version: "v1"}, *in.TLS)
		if err != nil {
			return refused
		}
		return trimSlash(base.String())
	}
	var target string
	client, err := clientFor(in.Host, in.GroupVersion, func(request *http.Request) (*http.Response, error) {
		target = request.URL.RequestURI()
		return nil, errors.New("sent")
	})
	if err != nil {
		return refused
	}
	request := client.Verb(in.Verb)
	if in.AbsPath != nil {
		request.AbsPath(*in.AbsPath)
	} else {
		if in.Namespace != nil {
			request.Namespace(*in.Namespace)
		}
		request.Resource(in.Resource)
		if in.Name != nil {
			request.Name(*in.Name)
		}
		if in.Subresource != nil {
			request.SubResource(strings.Split(*in.Subresource, "/")...)
		}
	}
	for _, pair := range in.Params {
		request.Param(pair[0], pair[1])
	}
	// Do, Watch and Stream check the names in the same way.
	_ = request.MaxRetries(0).Do(context.Background())
	if target == "" {
		return refused
	}
	return target
}

// reply is what the server does with one request: it responds, or it fails in a way that has a name.
type reply struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Failure string            `json:"failure"`
	// Cut is the number of bytes of the body after which the connection is lost.
	Cut *int `json:"cut"`
}

func (r reply) body() io.ReadCloser {
	if r.Cut == nil {
		return io.NopCloser(strings.NewReader(r.Body))
	}
	return io.NopCloser(io.MultiReader(strings.NewReader(r.Body[:*r.Cut]), lost{}))
}

// lost is the rest of a body whose connection is lost.
type lost struct{}

func (lost) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

var failures = map[string]error{
	"reset":     &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET},
	"refused":   &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED},
	"cut":       io.ErrUnexpectedEOF,
	"untrusted": &tls.CertificateVerificationError{Err: errors.New("unknown authority")},
}

// runErrors sends one request to a server that follows a script; its last reply is repeated.
func runErrors(input []byte) any {
	in := read[struct {
		Verb     string  `json:"verb"`
		Replies  []reply `json:"replies"`
		Name     string  `json:"name"`
		Resource string  `json:"resource"`
		Retries  *int    `json:"retries"`
	}](input)
	requests := 0
	client, err := clientFor("https://server", "v1", func(request *http.Request) (*http.Response, error) {
		reply := in.Replies[min(requests, len(in.Replies)-1)]
		requests++
		if failure := failures[reply.Failure]; failure != nil {
			return nil, failure
		}
		header := http.Header{}
		for name, value := range reply.Headers {
			header.Set(name, value)
		}
		return &http.Response{StatusCode: reply.Status, Header: header, Body: reply.body(),
			ContentLength: int64(len(reply.Body)), Request: request, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}, nil
	})
	must(err)
	verb := in.Verb
	if verb == "WATCH" || verb == "STREAM" {
		verb = "GET"
	}
	request := client.Verb(verb).Namespace("default").Resource(in.Resource)
	if in.Name != "" {
		request.Name(in.Name)
	}
	if in.Retries != nil {
		request.MaxRetries(*in.Retries)
	}
	if verb == "POST" || verb == "PUT" || verb == "PATCH" {
		request.Body([]byte("{}")).SetHeader("Content-Type", "application/json")
	}
	begun := time.Now()
	switch in.Verb {
	case "WATCH":
		var watcher interface{ Stop() }
		watcher, err = request.Watch(context.Background())
		if err == nil {
			watcher.Stop()
		}
	case "STREAM":
		var body io.ReadCloser
		body, err = request.Stream(context.Background())
		if err == nil {
			must(body.Close())
		}
	default:
		err = request.Do(context.Background()).Into(&corev1.Pod{})
	}
	result := object{"requests": requests, "seconds": int(time.Since(begun).Round(time.Second) / time.Second)}
	if err != nil {
		describe(result, err)
	}
	return result
}

// describe adds the properties of an error that a program can read.
func describe(result object, err error) {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		result["failed"] = "without a status"
		return
	}
	said := status.Status()
	result["failed"] = "by the server"
	result["code"] = said.Code
	result["reason"] = string(apierrors.ReasonForError(err))
	if seconds, wait := apierrors.SuggestsClientDelay(err); wait {
		result["retry_after"] = seconds
	}
	for name, is := range questions {
		if is(err) {
			result["is_"+name] = true
		}
	}
	if details := said.Details; details != nil && len(details.Causes) > 0 && details.Causes[0].Type != metav1.CauseTypeUnexpectedServerResponse {
		causes := []any{}
		for _, cause := range details.Causes {
			causes = append(causes, []string{string(cause.Type), cause.Field, cause.Message})
		}
		result["causes"] = causes
	}
}

var questions = map[string]func(error) bool{
	"not_found":      apierrors.IsNotFound,
	"already_exists": apierrors.IsAlreadyExists,
	"conflict":       apierrors.IsConflict,
	"invalid":        apierrors.IsInvalid,
	"gone":           apierrors.IsGone,
	"expired":        apierrors.IsResourceExpired,
	"forbidden":      apierrors.IsForbidden,
	"unauthorized":   apierrors.IsUnauthorized,
	"too_many":       apierrors.IsTooManyRequests,
	"timeout":        apierrors.IsTimeout,
	"server_timeout": apierrors.IsServerTimeout,
	"internal":       apierrors.IsInternalError,
	"unavailable":    apierrors.IsServiceUnavailable,
	"bad_request":    apierrors.IsBadRequest,
	"too_large":      apierrors.IsRequestEntityTooLargeError,
	"bad_method":     apierrors.IsMethodNotSupported,
	"bad_accept":     apierrors.IsNotAcceptable,
	"bad_media_type": apierrors.IsUnsupportedMediaType,
}
