package ssmserver

import (
	"slices"
	"strings"
)

type listDocumentsRequest struct {
	DocumentFilterList []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	Filters    []filter
	MaxResults int
	NextToken  string
}

type documentIdentifier struct {
	Name            string
	CreatedDate     epoch
	DisplayName     string `json:",omitempty"`
	Owner           string
	VersionName     string `json:",omitempty"`
	PlatformTypes   []string
	DocumentVersion string
	DocumentType    string
	SchemaVersion   string
	DocumentFormat  string
	TargetType      string `json:",omitempty"`
	Tags            []tag
}

// listDocuments sorts by name and shows the default versions.
func listDocuments(s *Server, _ caller, in listDocumentsRequest) (any, error) {
	all := in.Filters
	for _, f := range in.DocumentFilterList {
		all = append(all, filter{Key: f.Key, Values: []string{f.Value}})
	}
	if err := checkDocumentFilters(all); err != nil {
		return nil, err
	}
	found := []documentIdentifier{}
	for _, d := range s.documents.all() {
		if matchesAll(all, func(f filter, v string) bool { return s.documents.matches(d, f.Key, v) }) {
			found = append(found, d.identify())
		}
	}
	page, next, err := paginate(found, in.MaxResults, in.NextToken, "documents", func(d documentIdentifier) string { return d.Name })
	if err != nil {
		return nil, err
	}
	return struct {
		DocumentIdentifiers []documentIdentifier
		NextToken           string `json:",omitempty"`
	}{page, next}, nil
}

func (d document) identify() documentIdentifier {
	v := d.version(d.standard)
	full := d.describe(v, "Active")
	return documentIdentifier{Name: d.name, CreatedDate: full.CreatedDate, DisplayName: d.displayName, Owner: d.owner, VersionName: v.name,
		PlatformTypes: full.PlatformTypes, DocumentVersion: full.DocumentVersion, DocumentType: full.DocumentType, SchemaVersion: full.SchemaVersion,
		DocumentFormat: v.format, TargetType: d.targetType, Tags: full.Tags}
}

// all gives copies, sorted by name.
func (l *library) all() []document {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []document
	for _, d := range l.documents {
		out = append(out, d.copy())
	}
	slices.SortFunc(out, func(a, b document) int { return strings.Compare(a.name, b.name) })
	return out
}

// checkDocumentFilters: one owner and one tag key at most, says the text of ListDocuments in the API model.
func checkDocumentFilters(filters []filter) error {
	owners, tagKeys := 0, 0
	for _, f := range filters {
		switch {
		case f.Key == "Owner":
			owners += len(f.Values)
		case strings.HasPrefix(f.Key, "tag:"):
			tagKeys++
		case !slices.Contains([]string{"Name", "PlatformTypes", "DocumentType", "TargetType", "SearchKeyword"}, f.Key):
			return refuse(codeInvalidFilterKey, "The specified key isn't valid.")
		}
	}
	if owners > 1 || tagKeys > 1 {
		return refuse(codeInvalidFilterKey, "Only one owner and one tag key can be given.")
	}
	return nil
}

func (l *library) matches(d document, key, v string) bool {
	switch key {
	case "Owner":
		_, shared := d.shares[everyone]
		own, public := d.owner == l.account, d.owner == ownerAmazon || shared
		return own && (v == "Self" || v == d.owner) || v == ownerAmazon && d.owner == ownerAmazon || v == "Public" && public || v == "Private" && !public
	case "Name":
		return strings.HasPrefix(d.name, v)
	case "PlatformTypes":
		return slices.Contains(platforms(), v)
	case "DocumentType":
		return v == typeAutomation
	case "TargetType":
		return v == d.targetType
	case "SearchKeyword":
		return strings.Contains(strings.ToLower(d.name), strings.ToLower(v))
	}
	return slices.ContainsFunc(d.tags, func(t tag) bool { return "tag:"+t.Key == key && t.Value == v })
}
