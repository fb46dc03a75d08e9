package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"handrail/automation"
	"handrail/policy"
	"handrail/runbook"
)

// documentSource is where documents come from: AWS, as a configuration says, or a folder.
type documentSource struct {
	config, folder string
}

// open returns the documents, and the Region of runbooks that name none.
func (s documentSource) open(ctx context.Context) (automation.Library, string, error) {
	if s.folder != "" {
		if _, err := os.ReadDir(s.folder); err != nil {
			return nil, "", usage("reading the documents: %w", err)
		}
		return folderLibrary{s.folder}, "", nil
	}
	cfg, err := loadConfig(s.config)
	if err != nil {
		return nil, "", err
	}
	aws, err := cfg.AWS.load(ctx)
	if err != nil {
		return nil, "", err
	}
	q := cfg.AWS.Quotas
	client := automation.NewClient(automation.ClientOptions{Config: aws, EndpointURL: cfg.AWS.EndpointURL, Quotas: automation.Quotas{Document: q.Document}})
	return client, cfg.AWS.Region, nil
}

// folderLibrary answers from files that are named after documents, such as AWS-RestartEC2Instance.yaml. A file stands for
// every version of its document; its hash is that of its bytes, as AWS makes it.
type folderLibrary struct{ folder string }

var _ automation.Library = folderLibrary{}

// DescribeDocument gives the version that is asked for, and 1 for those that move. Files do not say who owns them: they
// count as Amazon's.
func (l folderLibrary) DescribeDocument(ctx context.Context, region, name, version string) (automation.DocumentInfo, error) {
	content, err := l.Content(ctx, region, name, version)
	if err != nil {
		return automation.DocumentInfo{}, err
	}
	sum := sha256.Sum256(content)
	if strings.HasPrefix(version, "$") {
		version = "1"
	}
	return automation.DocumentInfo{Version: version, SHA256: hex.EncodeToString(sum[:]), Owner: policy.Amazon}, nil
}

// Content reads the file of a document. Of an ARN the name counts.
func (l folderLibrary) Content(_ context.Context, _, name, _ string) ([]byte, error) {
	name = name[strings.LastIndex(name, "/")+1:]
	for _, ending := range []string{".yaml", ".yml", ".json"} {
		content, err := readBounded(filepath.Join(l.folder, name+ending), runbook.MaxSize)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return content, err
		}
	}
	return nil, &automation.Fault{Kind: automation.Missing, Operation: "reading " + l.folder, Err: fmt.Errorf("there is no %s.yaml, .yml or .json", name)}
}

// Attachments are none: a folder holds documents alone.
func (folderLibrary) Attachments(context.Context, string, string, string) ([]policy.Pin, error) {
	return nil, nil
}
