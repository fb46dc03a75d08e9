package ssmserver

import (
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// parameterStore keeps the parameters of Parameter Store in memory, for every Region.
type parameterStore struct {
	mu   sync.Mutex
	list map[string]storedParameter
}

type storedParameter struct {
	Name             string
	Type             string
	Value            string
	Version          int
	LastModifiedDate epoch
	ARN              string
	DataType         string
}

const (
	codeParameterNotFound = "ParameterNotFound"
	// maxStored bounds what a script can leave behind. A standard parameter holds 4 KB:
	// docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html.
	maxStored = 10_000
	maxValue  = 4 << 10
)

func parameterName() shape { return text(1, 2048) }

func getParameterShape() shape {
	return structure(map[string]shape{"Name": parameterName(), "WithDecryption": boolean()}, "Name")
}

func putParameterShape() shape {
	return structure(map[string]shape{
		"Name": parameterName(), "Value": text(0, 0), "Description": text(0, 1024), "Type": enum("String", "StringList", "SecureString"),
		"KeyId": pattern(`^([a-zA-Z0-9:/_-]+)$`), "Overwrite": boolean(), "AllowedPattern": text(0, 1024), "Tags": tagList(),
		"Tier": enum("Standard", "Advanced", "Intelligent-Tiering"), "Policies": text(1, 4096), "DataType": text(0, 128),
	}, "Name", "Value")
}

type getParameterRequest struct {
	Name           string
	WithDecryption bool
}

// getParameter answers the newest version. A SecureString that nobody asked to decrypt comes as something unreadable.
func getParameter(s *Server, _ caller, in getParameterRequest) (any, error) {
	s.parameters.mu.Lock()
	defer s.parameters.mu.Unlock()
	p, ok := s.parameters.list[in.Name]
	if name, isARN := strings.CutPrefix(in.Name, s.parameterARN("")); isARN {
		if p, ok = s.parameters.list[name]; !ok {
			p, ok = s.parameters.list[strings.TrimPrefix(name, "/")]
		}
	}
	if !ok {
		return nil, refuse(codeParameterNotFound, "Parameter %s not found.", in.Name)
	}
	if p.Type == "SecureString" && !in.WithDecryption {
		p.Value = "kms:alias/aws/ssm:encrypted"
	}
	return map[string]any{"Parameter": p}, nil
}

type putParameterRequest struct {
	Name, Value, Type, DataType                 string
	Overwrite                                   bool
	AllowedPattern, Policies, Tier, Description string
	KeyID                                       string `json:"KeyId"`
	Tags                                        []tag
}

var parameterNames = regexp.MustCompile(`^/?[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*$`)

func (in putParameterRequest) check() *apiError {
	bare := strings.ToLower(strings.TrimPrefix(in.Name, "/"))
	switch {
	case !parameterNames.MatchString(in.Name) || strings.Contains(in.Name, "/") && in.Name[0] != '/':
		return refuse(codeValidation, "Parameter name must be a fully qualified name: only a-z, A-Z, 0-9, _, ., - and / between levels, which begin with /.")
	case strings.HasPrefix(bare, "aws") || strings.HasPrefix(bare, "ssm"):
		return refuse(codeValidation, "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).")
	case strings.Count(in.Name, "/") > 15:
		return refuse("HierarchyLevelLimitExceededException", "A hierarchy can have a maximum of 15 levels.")
	case in.Type == "StringList":
		return refuse("UnsupportedParameterType", "The local SSM keeps String and SecureString.")
	case in.AllowedPattern != "" || in.Policies != "" || in.Tier == "Advanced" || in.DataType != "" && in.DataType != "text":
		return refuse(codeValidation, "AllowedPattern, Policies, the tier Advanced and data types other than text are not covered by the local SSM.")
	case in.Value == "" || len(in.Value) > maxValue || !utf8.ValidString(in.Value):
		return refuse(codeValidation, "Standard tier parameters support a parameter value of 1 to %d characters.", maxValue)
	}
	return nil
}

func putParameter(s *Server, _ caller, in putParameterRequest) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s.parameters.mu.Lock()
	defer s.parameters.mu.Unlock()
	old, exists := s.parameters.list[in.Name]
	switch {
	case exists && !in.Overwrite:
		return nil, refuse("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case !exists && in.Type == "":
		return nil, refuse(codeValidation, "A parameter type is required when you create a parameter.")
	case !exists && len(s.parameters.list) >= maxStored:
		return nil, refuse("ParameterLimitExceeded", "%d parameters are kept already.", maxStored)
	}
	if in.Type == "" {
		in.Type = old.Type
	}
	s.parameters.list[in.Name] = storedParameter{Name: in.Name, Type: in.Type, Value: in.Value, Version: old.Version + 1,
		LastModifiedDate: epoch{time.Now()}, ARN: s.parameterARN(in.Name), DataType: "text"}
	return map[string]any{"Version": old.Version + 1, "Tier": "Standard"}, nil
}

// parameterARN names a parameter of any Region as the first one.
func (s *Server) parameterARN(name string) string {
	prefix := "arn:aws:ssm:" + s.options.Region + ":" + s.options.Account + ":parameter"
	if name != "" && name[0] != '/' {
		return prefix + "/" + name
	}
	return prefix + name
}

var valueMember = regexp.MustCompile(`("Value"\s*:\s*)"(?:[^"\\]|\\.)*"`)

// masked takes values of parameters out of a recorded body.
func masked(body []byte) []byte { return valueMember.ReplaceAll(body, []byte(`$1"(secret)"`)) }
