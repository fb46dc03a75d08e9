package automation

import (
	"bytes"
	"io"
	"net/http"
	"testing"
)

type doFunc func(*http.Request) (*http.Response, error)

func (f doFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

// hasty is a request body as smithy-go makes it: it can write itself, which fails once it is closed.
type hasty struct{ *bytes.Reader }

func (hasty) Close() error                     { return nil }
func (hasty) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }

func TestBodiesDoNotWriteThemselves(t *testing.T) {
	c := unhurried{doFunc(func(r *http.Request) (*http.Response, error) {
		if _, writes := r.Body.(io.WriterTo); writes {
			t.Error("the body writes itself")
		}
		sent, err := io.ReadAll(r.Body)
		if err != nil || string(sent) != "{}" {
			t.Errorf("sent %q, %v", sent, err)
		}
		return nil, nil
	})}
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/", hasty{bytes.NewReader([]byte("{}"))})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Do(r) // the answer is made up
}
