package ssmserver

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

func parameterName() shape { return text(1, 2048) }

func getParameterShape() shape {
	return structure(map[string]shape{"Name": parameterName(), "WithDecryption": boolean()}, "Name")
}

func getParametersShape() shape {
	return structure(map[string]shape{"Names": list(parameterName(), 1, 10), "WithDecryption": boolean()}, "Names")
}

func deleteParameterShape() shape {
	return structure(map[string]shape{"Name": parameterName()}, "Name")
}

func putParameterShape() shape {
	key := pattern(`^([a-zA-Z0-9:/_-]+)$`)
	key.min, key.max = 1, 256
	return structure(map[string]shape{
		"Name": parameterName(), "Value": text(0, 0), "Description": text(0, 1024), "Type": enum("String", typeStringList, typeSecureString),
		"KeyId": key, "Overwrite": boolean(), "AllowedPattern": text(0, 1024), "Tags": tagList(),
		"Tier": enum("Standard", "Advanced", "Intelligent-Tiering"), "Policies": text(1, 4096), "DataType": text(0, 128),
	}, "Name", "Value")
}

type getParameterRequest struct {
	Name           string
	WithDecryption bool
}

// getParameter answers the newest version, or the one that the name ends with. A SecureString that nobody asked to
// decrypt comes as something unreadable.
func getParameter(s *Server, _ caller, in getParameterRequest) (any, error) {
	p, err := s.findParameter(in.Name)
	if err != nil {
		return nil, err
	}
	if !in.WithDecryption {
		p = p.unreadable()
	}
	return map[string]any{"Parameter": p}, nil
}

type getParametersRequest struct {
	Names          []string
	WithDecryption bool
}

// getParameters sorts by name, as the service does.
func getParameters(s *Server, _ caller, in getParametersRequest) (any, error) {
	out := struct {
		Parameters        []storedParameter
		InvalidParameters []string
	}{[]storedParameter{}, []string{}}
	for i, name := range in.Names {
		if slices.Contains(in.Names[:i], name) {
			return nil, refuse(codeValidation, "The parameter %s is asked for twice.", name)
		}
		p, err := s.findParameter(name)
		if err != nil {
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		if !in.WithDecryption {
			p = p.unreadable()
		}
		out.Parameters = append(out.Parameters, p)
	}
	slices.SortFunc(out.Parameters, func(a, b storedParameter) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return out, nil
}

type deleteParameterRequest struct{ Name string }

func deleteParameter(s *Server, _ caller, in deleteParameterRequest) (any, error) {
	s.parameters.mu.Lock()
	defer s.parameters.mu.Unlock()
	if _, ok := s.parameters.newest(in.Name); !ok {
		return nil, refuse(codeParameterNotFound, "Parameter %s not found.", in.Name)
	}
	s.parameters.drop(in.Name)
	return struct{}{}, nil
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
	case in.AllowedPattern != "" || in.Policies != "" || in.Tier == "Advanced" || in.DataType != "" && in.DataType != "text" || len(in.Tags) > 0:
		return refuse(codeValidation, "AllowedPattern, Policies, Tags, the tier Advanced and data types other than text are not covered by the local SSM.")
	case in.Value == "" || len(in.Value) > maxValue || !utf8.ValidString(in.Value):
		return refuse(codeValidation, "Standard tier parameters support a parameter value of 1 to %d characters.", maxValue)
	case in.Type == typeStringList && slices.Contains(strings.Split(in.Value, ","), ""):
		return refuse(codeValidation, "The value of a StringList must not have empty items between its commas.")
	}
	return nil
}

func putParameter(s *Server, _ caller, in putParameterRequest) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s.parameters.mu.Lock()
	defer s.parameters.mu.Unlock()
	old, exists := s.parameters.newest(in.Name)
	switch {
	case exists && !in.Overwrite:
		return nil, refuse("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case !exists && in.Type == "":
		return nil, refuse(codeValidation, "A parameter type is required when you create a parameter.")
	case exists && in.Type != "" && in.Type != old.Type:
		return nil, refuse("HierarchyTypeMismatchException", "Parameter Store does not support changing a parameter type in a hierarchy. "+
			"For example, you can't change a parameter from a String type to a SecureString type. You must create a new, unique parameter.")
	case !exists && len(s.parameters.list) >= maxStored, s.parameters.bytes+len(in.Value) > maxStoredBytes:
		return nil, refuse(codeParameterLimit, "The local SSM keeps %d parameters and 64 MB of values at most.", maxStored)
	}
	s.parameters.put(storedParameter{Name: in.Name, Type: cmp.Or(in.Type, old.Type), Value: in.Value, Version: old.Version + 1,
		LastModifiedDate: epoch{time.Now()}, ARN: s.parameterARN(in.Name), DataType: "text"})
	return map[string]any{"Version": old.Version + 1, "Tier": "Standard"}, nil
}
