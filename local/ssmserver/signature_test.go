package ssmserver

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

func verifying() Options {
	o := quick()
	o.VerifySignatures = true
	o.Callers = map[string]Identity{
		"AKIAANA": {ARN: "arn:aws:iam::123456789012:user/ana", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
		"ASIABEN": {ARN: "arn:aws:sts::123456789012:assumed-role/Admin/ben", Secret: "another", Token: "a token+/="},
	}
	return o
}

func TestTheSDKsSignaturesAreRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, verifying())
	const ana = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	for name, row := range map[string]struct{ access, secret, token, code string }{
		"a user":           {"AKIAANA", ana, "", ""},
		"a session":        {"ASIABEN", "another", "a token+/=", ""},
		"another secret":   {"AKIAANA", ana + "x", "", "InvalidSignatureException"},
		"another token":    {"ASIABEN", "another", "a token", "UnrecognizedClientException"},
		"no token":         {"ASIABEN", "another", "", "UnrecognizedClientException"},
		"a token too many": {"AKIAANA", ana, "x", "UnrecognizedClientException"},
		"another key":      {"AKIABEN", "another", "", "UnrecognizedClientException"},
	} {
		_, err := w.client.DescribeDocument(t.Context(), &ssm.DescribeDocumentInput{Name: aws.String("AWS-StopEC2Instance")}, as(row.access, row.secret, row.token))
		if code, _ := refusal(err); code != row.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// signed is a request that the SDK's signer signed; change makes it another one afterwards.
func signed(t *testing.T, at time.Time, service, region string, change func(*http.Request)) *http.Request {
	t.Helper()
	body := []byte(`{"Name":"AWS-StopEC2Instance"}`)
	request := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8081/?b=2&a=%20x&a-b=1&a=1", bytes.NewReader(body))
	request.Header.Set("X-Amz-Target", "AmazonSSM.DescribeDocument")
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("X-Amz-Meta", "  two   spaces ")
	hash := hash(string(body))
	request.Header.Set("X-Amz-Content-Sha256", hash)
	held := verifying().Callers["AKIAANA"]
	keys, err := credentials.NewStaticCredentialsProvider("AKIAANA", held.Secret, "").Retrieve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := v4.NewSigner().SignHTTP(context.Background(), keys, request, hash, service, region, at); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(request)
	}
	return request
}

func TestWhatIsWrongWithASignature(t *testing.T) {
	t.Parallel()
	server, err := New(verifying())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	now := time.Now()
	authorization := func(from, to string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
		}
	}
	const mismatch = "The request signature we calculated does not match the signature you provided."
	for name, row := range map[string]struct {
		request     *http.Request
		code, start string
	}{
		"fine":             {signed(t, now, "ssm", "eu-west-1", nil), "", ""},
		"another Region":   {signed(t, now, "ssm", "us-east-2", nil), "", ""},
		"4 minutes late":   {signed(t, now.Add(-4*time.Minute), "ssm", "eu-west-1", nil), "", ""},
		"6 minutes late":   {signed(t, now.Add(-6*time.Minute), "ssm", "eu-west-1", nil), codeBadSignature, "Signature expired: "},
		"6 minutes early":  {signed(t, now.Add(6*time.Minute), "ssm", "eu-west-1", nil), codeBadSignature, "Signature not yet current: "},
		"another service":  {signed(t, now, "sqs", "eu-west-1", nil), codeBadSignature, "Credential should be scoped to correct service: 'ssm'."},
		"a changed header": {signed(t, now, "ssm", "eu-west-1", func(r *http.Request) { r.Header.Set("X-Amz-Meta", "y") }), codeBadSignature, mismatch},
		"a changed target": {signed(t, now, "ssm", "eu-west-1", func(r *http.Request) { r.Header.Set("X-Amz-Target", "AmazonSSM.DeleteDocument") }), codeBadSignature, mismatch},
		"a changed query":  {signed(t, now, "ssm", "eu-west-1", func(r *http.Request) { r.URL.RawQuery = "" }), codeBadSignature, mismatch},
		"a changed host":   {signed(t, now, "ssm", "eu-west-1", func(r *http.Request) { r.Host = "127.0.0.1:8082" }), codeBadSignature, mismatch},
		"a changed body": {signed(t, now, "ssm", "eu-west-1", func(r *http.Request) {
			r.Body = http.NoBody
		}), codeBadSignature, mismatch},
		"another scope":   {signed(t, now, "ssm", "eu-west-1", authorization("/eu-west-1/", "/eu-west-2/")), codeBadSignature, mismatch},
		"another date":    {signed(t, now, "ssm", "eu-west-1", authorization("AKIAANA/20", "AKIAANA/21")), codeBadSignature, "Date in Credential scope does not match"},
		"host not signed": {signed(t, now, "ssm", "eu-west-1", authorization(";host;", ";")), codeBadSignature, "'Host' or ':authority' must be"},
		"another end":     {signed(t, now, "ssm", "eu-west-1", authorization("aws4_request", "aws3_request")), codeBadSignature, "Credential should be scoped with a valid terminator"},
		"no header":       {signed(t, now, "ssm", "eu-west-1", func(r *http.Request) { r.Header.Del("Authorization") }), codeNoSignature, "Missing Authentication Token"},
		"basic":           {signed(t, now, "ssm", "eu-west-1", func(r *http.Request) { r.Header.Set("Authorization", "Basic YTpi") }), codeIncompleteSignature, "Unsupported AWS 'algorithm': 'Basic'."},
		"no date":         {signed(t, now, "ssm", "eu-west-1", func(r *http.Request) { r.Header.Del("X-Amz-Date") }), codeIncompleteSignature, "Authorization header requires existence of either"},
		"no signature":    {signed(t, now, "ssm", "eu-west-1", authorization("Signature=", "Signed=")), codeIncompleteSignature, "Authorization header requires 'Signature' parameter."},
		"no equals sign":  {signed(t, now, "ssm", "eu-west-1", authorization("Signature=", "Signature")), codeIncompleteSignature, "'"},
		"a short scope":   {signed(t, now, "ssm", "eu-west-1", authorization("/ssm/aws4_request", "")), codeIncompleteSignature, "Credential must have exactly 5"},
		"an empty signature": {signed(t, now, "ssm", "eu-west-1", func(r *http.Request) {
			text, _, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", text+"Signature=0")
		}), codeBadSignature, mismatch},
	} {
		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, row.request)
		var want []string
		if row.code != "" {
			want = []string{`"__type":"` + row.code + `"`, `"message":"` + row.start}
		} else {
			want = []string{`"Document":`}
		}
		for _, part := range want {
			if !strings.Contains(recorder.Body.String(), part) {
				t.Errorf("%s: %d %s", name, recorder.Code, recorder.Body)
			}
		}
	}
}
