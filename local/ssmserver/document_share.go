package ssmserver

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// share is whom a document is shared with, "all" or an account, and which of its versions.
type share map[string]string

const (
	everyone = "all"
	// maxShares: the text of DocumentPermissionLimit in the API reference.
	maxShares = 1_000
)

func modifyPermissionShape() shape {
	accounts, version := list(pattern(`^(?i:all|[0-9]{12})$`), 0, 20), pattern(`^([$]LATEST|[$]DEFAULT|[$]ALL)$`)
	version.max = 8
	return structure(map[string]shape{"Name": documentName(), "PermissionType": enum("Share"), "AccountIdsToAdd": accounts, "AccountIdsToRemove": accounts,
		"SharedDocumentVersion": version}, "Name", "PermissionType")
}

func describePermissionShape() shape {
	return structure(map[string]shape{"Name": documentName(), "PermissionType": enum("Share"), "NextToken": text(0, 0),
		"MaxResults": {kind: kindInteger, min: 1, max: 200}}, "Name", "PermissionType")
}

type modifyPermissionRequest struct {
	Name, PermissionType, SharedDocumentVersion string
	AccountIdsToAdd, AccountIdsToRemove         []string
}

// modifyPermission notes whom a document is shared with. There is one account here, so that nobody sees it but by Owner
// Public.
func modifyPermission(s *Server, _ caller, in modifyPermissionRequest) (any, error) {
	l := s.documents
	l.mu.Lock()
	defer l.mu.Unlock()
	d, err := l.own(in.Name)
	if err != nil {
		return nil, refuse(codeInvalidDocument, "Document with name %s does not exist, or is not yours.", in.Name)
	}
	shares := maps.Clone(d.shares)
	if shares == nil {
		shares = share{}
	}
	for _, account := range in.AccountIdsToRemove {
		delete(shares, strings.ToLower(account))
	}
	for _, account := range in.AccountIdsToAdd {
		shares[strings.ToLower(account)] = cmp.Or(in.SharedDocumentVersion, "$DEFAULT")
	}
	if len(shares) > maxShares {
		return nil, refuse("DocumentPermissionLimit", "The document can't be shared with more Amazon Web Services accounts. You can share a private document with a maximum of %d accounts.", maxShares)
	}
	d.shares = shares
	return struct{}{}, nil
}

type describePermissionRequest struct {
	Name, PermissionType, NextToken string
	MaxResults                      int
}

type sharingInfo struct{ AccountId, SharedDocumentVersion string }

func describePermission(s *Server, _ caller, in describePermissionRequest) (any, error) {
	l := s.documents
	l.mu.RLock()
	d, err := l.own(in.Name)
	var shares share
	if err == nil {
		shares = d.shares
	}
	l.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	page, next, err := paginate(slices.Sorted(maps.Keys(shares)), cmp.Or(in.MaxResults, 20), in.NextToken, "permissions", func(account string) string { return account })
	if err != nil {
		return nil, err
	}
	out := struct {
		AccountIds             []string
		AccountSharingInfoList []sharingInfo
		NextToken              string `json:",omitempty"`
	}{[]string{}, []sharingInfo{}, next}
	for _, account := range page {
		out.AccountIds = append(out.AccountIds, account)
		out.AccountSharingInfoList = append(out.AccountSharingInfoList, sharingInfo{account, shares[account]})
	}
	return out, nil
}
