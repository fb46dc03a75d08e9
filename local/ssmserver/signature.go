package ssmserver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signature Version 4: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
const (
	signingAlgorithm = "AWS4-HMAC-SHA256"
	signingTime      = "20060102T150405Z"
	// clockSkew is how far a request's time may be off.
	clockSkew = 5 * time.Minute
)

const (
	codeNoSignature         = "MissingAuthenticationTokenException"
	codeIncompleteSignature = "IncompleteSignatureException"
	codeBadSignature        = "InvalidSignatureException"
	codeUnknownKey          = "UnrecognizedClientException"
)

// signature is the header Authorization, taken apart.
type signature struct {
	access, date, region, service, terminator string
	signedHeaders                             []string
	hex                                       string
}

// readSignature takes the header apart as far as a caller can be told by it.
func readSignature(header string) (signature, *apiError) {
	var s signature
	if header == "" {
		return s, refuse(codeNoSignature, "Missing Authentication Token")
	}
	rest, ok := strings.CutPrefix(header, signingAlgorithm+" ")
	if !ok {
		return s, refuse(codeIncompleteSignature, "Unsupported AWS 'algorithm': '%.40s'.", strings.SplitN(header, " ", 2)[0])
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return s, refuse(codeIncompleteSignature, "'%.200s' not a valid key=value pair (missing equal-sign) in Authorization header: '%.400s'.", part, header)
		}
		parts[name] = value
	}
	var missing []string
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if parts[name] == "" {
			missing = append(missing, "Authorization header requires '"+name+"' parameter.")
		}
	}
	if missing != nil {
		return s, refuse(codeIncompleteSignature, "%s Authorization=%.400s", strings.Join(missing, " "), header)
	}
	scope := strings.Split(parts["Credential"], "/")
	if len(scope) != 5 {
		return s, refuse(codeIncompleteSignature, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%.200s'", parts["Credential"])
	}
	return signature{access: scope[0], date: scope[1], region: scope[2], service: scope[3], terminator: scope[4],
		signedHeaders: strings.Split(parts["SignedHeaders"], ";"), hex: parts["Signature"]}, nil
}

// identify says who signed a request for one service, or refuses it. The signature itself is looked at only if
// signatures are verified.
func (k *keyring) identify(r *http.Request, body []byte, service string) (caller, *apiError) {
	s, err := readSignature(r.Header.Get("Authorization"))
	if err != nil {
		return caller{}, err
	}
	found, ok := k.find(s.access, r.Header.Get("X-Amz-Security-Token"))
	if !ok {
		return caller{}, refuse(codeUnknownKey, "The security token included in the request is invalid.")
	}
	found.region = s.region
	if !k.verify {
		return found.caller, nil
	}
	at, err := s.checkScope(r, service)
	if err == nil {
		err = checkTime(at, time.Now())
	}
	if err == nil && !hmac.Equal([]byte(s.hex), []byte(s.compute(r, body, at, found.secret))) {
		err = refuse(codeBadSignature, "The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return found.caller, err
}

// checkScope compares what was signed with what the request is, and gives the time at which it was signed.
func (s signature) checkScope(r *http.Request, service string) (string, *apiError) {
	at := r.Header.Get("X-Amz-Date")
	if date := r.Header.Get("Date"); at == "" && date != "" {
		if parsed, err := http.ParseTime(date); err == nil {
			at = parsed.UTC().Format(signingTime)
		}
	}
	if _, err := time.Parse(signingTime, at); err != nil {
		return "", refuse(codeIncompleteSignature, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	switch {
	case s.terminator != "aws4_request":
		return "", refuse(codeBadSignature, "Credential should be scoped with a valid terminator: 'aws4_request', not '%.40s'.", s.terminator)
	case s.service != service:
		return "", refuse(codeBadSignature, "Credential should be scoped to correct service: '%s'. ", service)
	case s.date != at[:8]:
		return "", refuse(codeBadSignature, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%.40s' != '%s', from '%s'.", s.date, at[:8], at)
	case !slices.Contains(s.signedHeaders, "host"):
		return "", refuse(codeBadSignature, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	return at, nil
}

func checkTime(at string, now time.Time) *apiError {
	signed, _ := time.Parse(signingTime, at) // checkScope did that
	now = now.UTC().Truncate(time.Second)
	if earliest := now.Add(-clockSkew); signed.Before(earliest) {
		return refuse(codeBadSignature, "Signature expired: %s is now earlier than %s (%s - 5 min.)", at, earliest.Format(signingTime), now.Format(signingTime))
	}
	if latest := now.Add(clockSkew); signed.After(latest) {
		return refuse(codeBadSignature, "Signature not yet current: %s is still later than %s (%s + 5 min.)", at, latest.Format(signingTime), now.Format(signingTime))
	}
	return nil
}

// compute signs the request again.
func (s signature) compute(r *http.Request, body []byte, at, secret string) string {
	scope := strings.Join([]string{s.date, s.region, s.service, s.terminator}, "/")
	request := sha256.Sum256([]byte(s.canonical(r, body)))
	toSign := strings.Join([]string{signingAlgorithm, at, scope, hex.EncodeToString(request[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, s.terminator, toSign} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// canonical is the request in the one form that both sides sign. The hash is that of the body that came, whatever
// X-Amz-Content-Sha256 says of it.
func (s signature) canonical(r *http.Request, body []byte) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + canonicalPath(r.URL) + "\n" + canonicalQuery(r.URL) + "\n")
	for _, name := range s.signedHeaders {
		b.WriteString(name + ":" + canonicalHeader(r, name) + "\n")
	}
	sum := sha256.Sum256(body)
	b.WriteString("\n" + strings.Join(s.signedHeaders, ";") + "\n" + hex.EncodeToString(sum[:]))
	return b.String()
}

// canonicalPath is the path, encoded once more.
func canonicalPath(u *url.URL) string {
	segments := strings.Split(u.EscapedPath(), "/")
	for i, segment := range segments {
		segments[i] = signingEscape(segment)
	}
	if path := strings.Join(segments, "/"); path != "" {
		return path
	}
	return "/"
}

func canonicalQuery(u *url.URL) string {
	encoded := map[string][]string{}
	for name, values := range u.Query() {
		for _, value := range values {
			encoded[signingEscape(name)] = append(encoded[signingEscape(name)], signingEscape(value))
		}
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(encoded)) {
		for _, value := range slices.Sorted(slices.Values(encoded[name])) {
			pairs = append(pairs, name+"="+value)
		}
	}
	return strings.Join(pairs, "&")
}

// canonicalHeader knows that net/http keeps two of the headers elsewhere.
func canonicalHeader(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	var values []string
	for _, value := range r.Header.Values(name) {
		values = append(values, strings.Join(strings.Fields(value), " "))
	}
	return strings.Join(values, ",")
}

// signingEscape leaves alone nothing but the unreserved characters of RFC 3986.
func signingEscape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
