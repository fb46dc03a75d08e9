package ssmserver

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"handrail/local/ssmserver/cloud"
	"handrail/runbook"
)

// parameterStore keeps the parameters of Parameter Store in memory, for every Region.
type parameterStore struct {
	mu    sync.Mutex
	list  map[string][]storedParameter // by name, the versions, oldest first
	tags  map[string][]tag             // by name
	bytes int
}

type storedParameter struct {
	Name             string
	Type             string
	Value            string
	Version          int
	Selector         string `json:",omitempty"`
	LastModifiedDate epoch
	ARN              string
	DataType         string
}

const (
	typeStringList   = "StringList"
	typeSecureString = "SecureString"
)

const (
	codeParameterNotFound = "ParameterNotFound"
	codeNoSuchVersion     = "ParameterVersionNotFound"
	codeParameterLimit    = "ParameterLimitExceeded"
	// maxStored and maxStoredBytes bound what a script can leave behind. A standard parameter holds 4 KB, and the newest 100
	// versions of it are kept: docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html,
	// …/sysman-paramstore-versions.html.
	maxStored      = 10_000
	maxStoredBytes = 64 << 20
	maxValue       = 4 << 10
	maxKept        = 100
)

// put adds a version. Call it with the lock held.
func (p *parameterStore) put(v storedParameter) {
	if p.list == nil {
		p.list = map[string][]storedParameter{}
	}
	versions := append(p.list[v.Name], v)
	p.bytes += len(v.Value)
	if len(versions) > maxKept {
		p.bytes -= len(versions[0].Value)
		versions = append([]storedParameter(nil), versions[1:]...)
	}
	p.list[v.Name] = versions
}

// drop forgets a parameter. Call it with the lock held.
func (p *parameterStore) drop(name string) {
	for _, v := range p.list[name] {
		p.bytes -= len(v.Value)
	}
	delete(p.list, name)
	delete(p.tags, name)
}

// newest is false if there is no such parameter. Call it with the lock held.
func (p *parameterStore) newest(name string) (storedParameter, bool) {
	versions := p.list[name]
	if len(versions) == 0 {
		return storedParameter{}, false
	}
	return versions[len(versions)-1], true
}

// findParameter finds what NAME, NAME:VERSION or an ARN with either of them names.
func (s *Server) findParameter(spec string) (storedParameter, *apiError) {
	s.parameters.mu.Lock()
	defer s.parameters.mu.Unlock()
	rest, isARN := strings.CutPrefix(spec, s.parameterARN(""))
	name, selector, selected := strings.Cut(rest, ":")
	if _, ok := s.parameters.newest(name); !ok && isARN {
		name = strings.TrimPrefix(name, "/")
	}
	found, ok := s.parameters.newest(name)
	if !ok && strings.HasPrefix(name, publicImages) {
		return s.publicImage(name), nil
	}
	if !ok {
		return found, refuse(codeParameterNotFound, "Parameter %s not found.", spec)
	}
	if !selected {
		return found, nil
	}
	number, err := strconv.Atoi(selector)
	for _, v := range s.parameters.list[name] {
		if v.Version == number && err == nil {
			v.Selector = ":" + selector
			return v, nil
		}
	}
	if err != nil {
		return found, refuse(codeNoSuchVersion, "Systems Manager could not find the label %s of parameter %s; the local SSM keeps no labels.", selector, name)
	}
	return found, refuse(codeNoSuchVersion, "Systems Manager could not find version %s of %s. Verify the version and try again.", selector, name)
}

// publicImages begins the names of AWS's own parameters that hold the newest images:
// docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html.
const publicImages = "/aws/service/ami-"

// publicImage answers each of them with the one image that there is.
func (s *Server) publicImage(name string) storedParameter {
	return storedParameter{Name: name, Type: "String", Value: cloud.DefaultImage, Version: 1, DataType: "aws:ec2:image",
		ARN: "arn:" + cloud.Partition(s.options.Region) + ":ssm:" + s.options.Region + "::parameter" + name}
}

// unreadable hides the value of a SecureString.
func (p storedParameter) unreadable() storedParameter {
	if p.Type == typeSecureString {
		p.Value = "kms:alias/aws/ssm:encrypted"
	}
	return p
}

// stored looks up the {{ ssm:NAME }} in the default of a document's parameter.
func (s *Server) stored(r runbook.Reference) (any, bool, error) {
	p, err := s.findParameter(r.Name)
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("there is no parameter %s in Parameter Store", r.Name)
	case p.Type == typeSecureString:
		return nil, false, fmt.Errorf("the parameter %s is a SecureString, which documents can't refer to", r.Name)
	case p.Type == typeStringList:
		var items []any
		for item := range strings.SplitSeq(p.Value, ",") {
			items = append(items, item)
		}
		return items, true, nil
	}
	return p.Value, true, nil
}

// parameterARN names a parameter of any Region as the first one.
func (s *Server) parameterARN(name string) string {
	prefix := "arn:" + cloud.Partition(s.options.Region) + ":ssm:" + s.options.Region + ":" + s.options.Account + ":parameter"
	if name != "" && name[0] != '/' {
		return prefix + "/" + name
	}
	return prefix + name
}

var valueMember = regexp.MustCompile(`(?i)("Value"\s*:\s*)"(?:[^"\\]|\\.)*"`)

// masked takes values of parameters out of a recorded body.
func masked(body []byte) []byte { return valueMember.ReplaceAll(body, []byte(`$1"(secret)"`)) }
