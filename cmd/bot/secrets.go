package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// secret is a value that never reaches a log or an error, or a reference to one.
type secret string

const hidden = "(secret)"

// String, GoString and LogValue keep the value out of whatever prints it.
func (s secret) String() string       { return hidden }
func (s secret) GoString() string     { return hidden }
func (s secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText keeps the value out of JSON and YAML.
func (s secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

var referencePattern = regexp.MustCompile(`^\$\{(env|file|ssm):([^{}]+)\}$`)

// reference reports whether s names a secret instead of being one.
func (s secret) reference() bool { return referencePattern.MatchString(string(s)) }

// resolver fetches secrets. Offline it leaves references to SSM as they are.
type resolver struct {
	aws     awsConfig
	offline bool
}

// skips says whether s stays a reference.
func (r resolver) skips(s secret) bool {
	return r.offline && strings.HasPrefix(string(s), "${ssm:") && s.reference()
}

// resolve returns what a reference names, or s itself if it is none. Its errors name the reference only.
func (r resolver) resolve(ctx context.Context, s secret) (secret, error) {
	m := referencePattern.FindStringSubmatch(string(s))
	if m == nil || r.skips(s) {
		return s, nil
	}
	var value string
	var err error
	switch kind, name := m[1], m[2]; kind {
	case "env":
		if value = os.Getenv(name); value == "" {
			err = fmt.Errorf("the environment variable %s is not set or empty", name)
		}
	case "file":
		value, err = readSecret(name)
	case "ssm":
		value, err = r.parameter(ctx, name)
	}
	if err == nil && value == "" {
		err = fmt.Errorf("%s:%s is empty", m[1], m[2])
	}
	return secret(value), err
}

// maxSecret is the longest secret in bytes: an advanced SSM parameter holds 8 KB.
const maxSecret = 8 << 10

func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", fmt.Errorf("reading a secret: %w", err)
	case info.Size() > maxSecret:
		return "", fmt.Errorf("reading a secret: %s is larger than 8 KiB", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading a secret: %w", err)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

func (r resolver) parameter(ctx context.Context, name string) (string, error) {
	cfg, err := r.aws.load(ctx)
	if err != nil {
		return "", err
	}
	client := ssm.NewFromConfig(cfg, func(o *ssm.Options) {
		if r.aws.EndpointURL != "" {
			o.BaseEndpoint = aws.String(r.aws.EndpointURL)
		}
	})
	out, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name), WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", fmt.Errorf("reading the SSM parameter %s: %w", name, err)
	}
	if out.Parameter == nil {
		return "", errors.New("reading the SSM parameter " + name + ": no value")
	}
	return aws.ToString(out.Parameter.Value), nil
}
