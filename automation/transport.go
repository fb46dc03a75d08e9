package automation

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// unhurried hides WriteTo of the request bodies of smithy-go. As soon as the answer begins, smithy-go closes the body,
// and WriteTo of a closed one is an error (safeReadCloser in smithy-go v1.28.8, transport/http/internal/io). If that
// happens while net/http looks whether the body has ended, net/http takes the request for a failed one and closes the
// connection: the rest of a long answer is lost. Read of a closed body is a plain end, which net/http expects.
type unhurried struct{ aws.HTTPClient }

// Do sends the request.
func (c unhurried) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.HTTPClient.Do(r)
}
