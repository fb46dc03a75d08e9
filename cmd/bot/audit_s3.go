package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"handrail/audit"
)

// bucket is a place in S3 for checkpoints, one object each. With Object Lock nobody can remove them.
type bucket struct {
	name   string // as it is configured
	base   string // URL of the bucket
	prefix string
	region string
	keys   aws.CredentialsProvider
	client *http.Client
	signer *v4.Signer
}

var _ audit.Sink = (*bucket)(nil)

// newBucket returns the place that s3://bucket/prefix names, in the bot's Region.
func newBucket(place string, c awsConfig, cfg aws.Config) *bucket {
	m := s3Place.FindStringSubmatch(place)
	b := &bucket{name: place, region: c.Region, keys: cfg.Credentials, client: &http.Client{Timeout: 20 * time.Second},
		signer: v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })} // S3 wants the path as it is sent
	if b.prefix = m[2]; b.prefix != "" && !strings.HasSuffix(b.prefix, "/") {
		b.prefix += "/"
	}
	suffix := "amazonaws.com"
	if strings.HasPrefix(c.Region, "cn-") {
		suffix = "amazonaws.com.cn"
	}
	switch {
	case c.EndpointURL != "":
		b.base = strings.TrimSuffix(c.EndpointURL, "/") + "/" + m[1]
	case strings.Contains(m[1], "."): // no certificate fits such a name as a host
		b.base = fmt.Sprintf("https://s3.%s.%s/%s", c.Region, suffix, m[1])
	default:
		b.base = fmt.Sprintf("https://%s.s3.%s.%s", m[1], c.Region, suffix)
	}
	return b
}

// String is the place as it is configured.
func (b *bucket) String() string { return b.name }

// Publish puts an object whose name holds the number of entries and the beginning of the root, unless it is there: two
// logs of one size leave two objects.
func (b *bucket) Publish(ctx context.Context, t *audit.Tree, signed []byte) error {
	root := t.Root()
	key := fmt.Sprintf("%s%020d-%s.txt", b.prefix, t.Size(), hex.EncodeToString(root[:8]))
	if err := b.put(ctx, key, signed); err != nil {
		return fmt.Errorf("putting %s into S3: %w", key, err)
	}
	return nil
}

func (b *bucket) put(ctx context.Context, key string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, b.base+"/"+(&url.URL{Path: key}).EscapedPath(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	digest := hex.EncodeToString(sum[:])
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	r.Header.Set("If-None-Match", "*") // docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
	r.Header.Set("X-Amz-Content-Sha256", digest)
	keys, err := b.keys.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("getting credentials: %w", err)
	}
	if err := b.signer.SignHTTP(ctx, keys, r, digest, "s3", b.region, time.Now()); err != nil {
		return fmt.Errorf("signing the request: %w", err)
	}
	answer, err := b.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	words, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	switch {
	case answer.StatusCode == http.StatusPreconditionFailed, answer.StatusCode/100 == 2: // another replica was faster
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("it answered %s: %s", answer.Status, printable(string(words)))
}
