package ssmserver

import (
	"errors"
	"strings"

	"handrail/runbook"
)

type createDocumentRequest struct {
	Content, Name, DisplayName, VersionName, DocumentType, DocumentFormat, TargetType string
	Tags                                                                              []tag
	Requires, Attachments                                                             []struct{}
}

// reservedPrefixes: the text of CreateDocument's Name in the API reference.
func reservedPrefixes() []string {
	return []string{"aws", "amazon", "amzn", "AWSEC2", "AWSConfigRemediation", "AWSSupport"}
}

const (
	// maxDocuments and maxVersions: docs.aws.amazon.com/general/latest/gr/ssm.html.
	maxDocuments = 500
	maxVersions  = 1_000
)

func createDocument(s *Server, _ caller, in createDocumentRequest) (any, error) {
	for _, prefix := range reservedPrefixes() {
		if strings.HasPrefix(strings.ToLower(in.Name), strings.ToLower(prefix)) {
			return nil, refuse(codeValidation, "The document name %s begins with %s, which is reserved.", in.Name, prefix)
		}
	}
	switch {
	case in.DocumentType != typeAutomation:
		return nil, refuse(codeValidation, "The local SSM covers documents of DocumentType Automation only.")
	case len(in.Requires) > 0, len(in.Attachments) > 0:
		return nil, refuse(codeValidation, "Requires and Attachments are not covered by the local SSM.")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	parsed, err := acceptContent(in.Content, in.DocumentFormat)
	if err != nil {
		return nil, err
	}
	return s.documents.create(in, parsed)
}

// acceptContent answers the errors of CreateDocument and UpdateDocument.
func acceptContent(content, format string) (*runbook.Document, error) {
	if format == "TEXT" {
		return nil, refuse("InvalidDocumentContent", "An Automation document is JSON or YAML, not TEXT.")
	}
	if len(content) <= runbook.MaxSize && (format == "" || format == formatJSON) != (formatOf(content) == formatJSON) {
		return nil, refuse("InvalidDocumentContent", "The content is not %s, which is the DocumentFormat.", orJSON(format))
	}
	parsed, err := readDocument(content)
	switch {
	case errors.Is(err, runbook.ErrTooLarge):
		return nil, refuse("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.")
	case errors.Is(err, runbook.ErrSchemaVersion):
		return nil, refuse("InvalidDocumentSchemaVersion", "The version of the document schema isn't supported.")
	case err != nil:
		return nil, refuse("InvalidDocumentContent", "The content for the document isn't valid. %s", err)
	}
	return parsed, nil
}

func orJSON(format string) string {
	if format == "" {
		return formatJSON
	}
	return format
}

type descriptionResponse struct{ DocumentDescription documentDescription }

func (l *library) create(in createDocumentRequest, parsed *runbook.Document) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.documents[in.Name] != nil {
		return nil, refuse("DocumentAlreadyExists", "Document with same name %s already exists", in.Name)
	}
	if l.owned() >= maxDocuments || l.full(len(in.Content)) {
		return nil, refuse("DocumentLimitExceeded", "You can have at most %d active SSM documents.", maxDocuments)
	}
	d := &document{name: in.Name, owner: l.account, displayName: in.DisplayName, targetType: in.TargetType, tags: in.Tags, next: 1, standard: 1}
	v := d.add(in.Content, orJSON(in.DocumentFormat), in.VersionName, parsed)
	l.documents[in.Name] = d
	return descriptionResponse{d.describe(v, "Creating")}, nil
}

// own finds a document that the account may change. Call it with the lock held.
func (l *library) own(name string) (*document, error) {
	d := l.documents[name]
	if d == nil {
		return nil, refuse(codeInvalidDocument, "Document with name %s does not exist.", name)
	}
	if d.owner != l.account {
		return nil, refuse("InvalidDocumentOperation", "Document %s belongs to %s and can't be changed.", name, d.owner)
	}
	return d, nil
}

type updateDocumentRequest struct {
	Content, Name, DisplayName, VersionName, DocumentVersion, DocumentFormat, TargetType string
	Attachments                                                                          []struct{}
}

func updateDocument(s *Server, _ caller, in updateDocumentRequest) (any, error) {
	if len(in.Attachments) > 0 {
		return nil, refuse(codeValidation, "Attachments are not covered by the local SSM.")
	}
	parsed, err := acceptContent(in.Content, in.DocumentFormat)
	if err != nil {
		return nil, err
	}
	return s.documents.update(in, parsed)
}

func (l *library) update(in updateDocumentRequest, parsed *runbook.Document) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d, err := l.own(in.Name)
	if err != nil {
		return nil, err
	}
	if in.DocumentVersion != "" && d.pick(in.DocumentVersion, "") != d.latest() {
		return nil, refuse(codeInvalidVersion, "The document version is not the latest one; only that can be updated.")
	}
	for _, v := range d.versions {
		if v.content == in.Content {
			return nil, refuse("DuplicateDocumentContent", "The content of the association document matches another document. Change the content of the document and try again.")
		}
		if in.VersionName != "" && v.name == in.VersionName {
			return nil, refuse("DuplicateDocumentVersionName", "The version name has already been used in this document.")
		}
	}
	if len(d.versions) >= maxVersions || l.full(len(in.Content)) {
		return nil, refuse("DocumentVersionLimitExceeded", "The document has too many versions. Delete one or more document versions and try again.")
	}
	if in.DisplayName != "" {
		d.displayName = in.DisplayName
	}
	if in.TargetType != "" {
		d.targetType = in.TargetType
	}
	v := d.add(in.Content, orJSON(in.DocumentFormat), in.VersionName, parsed)
	return descriptionResponse{d.describe(v, "Updating")}, nil
}

type updateDefaultRequest struct{ Name, DocumentVersion string }

type defaultVersion struct {
	Name               string
	DefaultVersion     string
	DefaultVersionName string `json:",omitempty"`
}

func updateDefaultVersion(s *Server, _ caller, in updateDefaultRequest) (any, error) {
	l := s.documents
	l.mu.Lock()
	defer l.mu.Unlock()
	d, err := l.own(in.Name)
	if err != nil {
		return nil, err
	}
	v := d.pick(in.DocumentVersion, "")
	if v == nil {
		return nil, refuse(codeInvalidVersion, "Document version %s of %s does not exist.", in.DocumentVersion, in.Name)
	}
	d.standard = v.number
	return struct{ Description defaultVersion }{defaultVersion{d.name, in.DocumentVersion, v.name}}, nil
}

type deleteDocumentRequest struct {
	Name, DocumentVersion, VersionName string
	Force                              bool
}

// deleteDocument removes one version, or the whole document; a document created again begins at version 1.
func deleteDocument(s *Server, _ caller, in deleteDocumentRequest) (any, error) {
	l := s.documents
	l.mu.Lock()
	defer l.mu.Unlock()
	d, err := l.own(in.Name)
	if err != nil {
		return nil, err
	}
	if in.DocumentVersion == "" && in.VersionName == "" {
		if len(d.shares) > 0 {
			return nil, refuse("InvalidDocumentOperation", "You attempted to delete a document while it is still shared. You must stop sharing the document before you can delete it.")
		}
		delete(l.documents, in.Name)
		return struct{}{}, nil
	}
	v := d.pick(in.DocumentVersion, in.VersionName)
	if v == nil {
		return nil, refuse(codeInvalidDocument, "Document version %s of %s does not exist.", in.DocumentVersion+in.VersionName, in.Name)
	}
	if v.number == d.standard {
		return nil, refuse("InvalidDocumentOperation", "The default version of a document can't be deleted.")
	}
	d.drop(v)
	return struct{}{}, nil
}

func (d *document) drop(v *version) {
	kept := d.versions[:0:0]
	for _, other := range d.versions {
		if other != v {
			kept = append(kept, other)
		}
	}
	d.versions = kept
}
