package ssmserver

import (
	"slices"
	"strconv"
	"strings"

	"handrail/runbook"
)

type documentRequest struct{ Name, DocumentVersion, VersionName, DocumentFormat string }

type documentParameter struct {
	Name, Type   string
	Description  string  `json:",omitempty"`
	DefaultValue *string `json:",omitempty"`
}

type documentDescription struct {
	Hash            string
	HashType        string
	Name            string
	DisplayName     string `json:",omitempty"`
	VersionName     string `json:",omitempty"`
	Owner           string
	CreatedDate     epoch
	Status          string
	DocumentVersion string
	Description     string              `json:",omitempty"`
	Parameters      []documentParameter `json:",omitempty"`
	PlatformTypes   []string
	DocumentType    string
	SchemaVersion   string
	LatestVersion   string
	DefaultVersion  string
	DocumentFormat  string
	TargetType      string `json:",omitempty"`
	Tags            []tag
}

// platforms are those of an Automation document, which does not depend on one.
func platforms() []string { return []string{"Windows", "Linux", "MacOS"} }

func (d *document) describe(v *version, status string) documentDescription {
	out := documentDescription{
		Hash: v.hash(), HashType: "Sha256", Name: d.name, DisplayName: d.displayName, VersionName: v.name, Owner: d.owner,
		CreatedDate: epoch{v.created}, Status: status, DocumentVersion: strconv.Itoa(v.number), Description: v.parsed.Description,
		PlatformTypes: platforms(), DocumentType: typeAutomation, SchemaVersion: v.parsed.SchemaVersion,
		LatestVersion: strconv.Itoa(d.latest().number), DefaultVersion: strconv.Itoa(d.standard), DocumentFormat: v.format,
		TargetType: d.targetType, Tags: d.tags,
	}
	if out.Tags == nil {
		out.Tags = []tag{}
	}
	for _, p := range v.parsed.Parameters {
		out.Parameters = append(out.Parameters, describeParameter(p))
	}
	return out
}

// describeParameter knows only the two types of the API model.
func describeParameter(p runbook.Parameter) documentParameter {
	out := documentParameter{Name: p.Name, Type: "String", Description: p.Description}
	if p.List() {
		out.Type = "StringList"
	}
	if p.HasDefault {
		text := ""
		if p.Default != nil {
			text = jsonText(p.Default)
		}
		if s, ok := p.Default.(string); ok {
			text = s
		}
		out.DefaultValue = &text
	}
	return out
}

func (s *Server) findDocument(name, spec, versionName string) (document, *version, error) {
	d, v, ok := s.documents.find(name, spec, versionName)
	if !ok {
		return d, nil, refuse(codeInvalidDocument, "Document with name %s does not exist.", name)
	}
	if v == nil {
		return d, nil, refuse(codeInvalidVersion, "Document version %s of %s does not exist.", strings.TrimSpace(spec+" "+versionName), name)
	}
	return d, v, nil
}

func describeDocument(s *Server, _ caller, in documentRequest) (any, error) {
	d, v, err := s.findDocument(in.Name, in.DocumentVersion, in.VersionName)
	if err != nil {
		return nil, err
	}
	return struct{ Document documentDescription }{d.describe(v, "Active")}, nil
}

type documentContent struct {
	Name               string
	CreatedDate        epoch
	DisplayName        string `json:",omitempty"`
	VersionName        string `json:",omitempty"`
	DocumentVersion    string
	Status             string
	Content            string
	DocumentType       string
	DocumentFormat     string
	AttachmentsContent []string
}

// getDocument answers the stored text byte for byte if its own format is asked for, else a conversion.
func getDocument(s *Server, _ caller, in documentRequest) (any, error) {
	d, v, err := s.findDocument(in.Name, in.DocumentVersion, in.VersionName)
	if err != nil {
		return nil, err
	}
	out := documentContent{Name: d.name, CreatedDate: epoch{v.created}, DisplayName: d.displayName, VersionName: v.name,
		DocumentVersion: strconv.Itoa(v.number), Status: "Active", Content: v.content, DocumentType: typeAutomation,
		DocumentFormat: in.DocumentFormat, AttachmentsContent: []string{}}
	if out.DocumentFormat == "" {
		out.DocumentFormat = formatJSON
	}
	if out.DocumentFormat == v.format || out.DocumentFormat == "TEXT" {
		return out, nil
	}
	convert := runbook.ToJSON
	if out.DocumentFormat == formatYAML {
		convert = runbook.ToYAML
	}
	content, err := convert([]byte(v.content))
	if err != nil {
		return nil, err
	}
	out.Content = string(content)
	return out, nil
}

type versionsRequest struct {
	Name       string
	MaxResults int
	NextToken  string
}

type versionInfo struct {
	Name             string
	DisplayName      string `json:",omitempty"`
	DocumentVersion  string
	VersionName      string `json:",omitempty"`
	CreatedDate      epoch
	IsDefaultVersion bool
	DocumentFormat   string
	Status           string
}

// listDocumentVersions gives the newest first.
func listDocumentVersions(s *Server, _ caller, in versionsRequest) (any, error) {
	d, _, ok := s.documents.find(in.Name, "", "")
	if !ok {
		return nil, refuse(codeInvalidDocument, "Document with name %s does not exist.", in.Name)
	}
	versions := slices.Clone(d.versions)
	slices.Reverse(versions)
	page, next, err := paginate(versions, in.MaxResults, in.NextToken, "versions", func(v *version) string { return falling(int64(v.number)) })
	if err != nil {
		return nil, err
	}
	infos := []versionInfo{}
	for _, v := range page {
		infos = append(infos, versionInfo{Name: d.name, DisplayName: d.displayName, DocumentVersion: strconv.Itoa(v.number), VersionName: v.name,
			CreatedDate: epoch{v.created}, IsDefaultVersion: v.number == d.standard, DocumentFormat: v.format, Status: "Active"})
	}
	return struct {
		DocumentVersions []versionInfo
		NextToken        string `json:",omitempty"`
	}{infos, next}, nil
}
