package ssmserver

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"handrail/local/ssmserver/cloud"
	"handrail/runbook"
)

// Names that stand for more than AWS operations.
const (
	// webhookService answers aws:invokeWebhook: webhook.INTEGRATION.
	webhookService = "webhook"
	// commandService sets how commands of aws:runCommand end: command.DOCUMENT.
	commandService = "command"
)

// maxStubs bounds the text of stubs in bytes.
const maxStubs = 1 << 20

// ReadStubs reads answers of AWS operations from YAML:
//
//	lambda.Invoke:
//	  - response: {StatusCode: 200, Payload: '{"ok":true}'}
//	  - error: {code: TooManyRequestsException, message: Rate exceeded}
//	ec2.DescribeInstances:
//	  - when: {InstanceIds: [i-0aaaaaaaaaaaaaaa1]}
//	    response: {Reservations: []}
//
// A name is the one of a boto3 client and of an operation in any of its spellings; upper and lower case do not matter.
// webhook.INTEGRATION answers a webhook with Response and ResponseCode, command.DOCUMENT says how a command ends with
// Status, ResponseCode and Output. An answer has either a response or an error, which has a code and may have a message
// and an HTTP status (400 if it is not given).
//
// when names parameters that the call must have: keys of maps, items of lists in any order. Answers with the same when
// are used in order, and the last of them repeats; the first when in the file that fits a call decides. Calls that fit
// none are not stubbed. Values stay as they are: references are not resolved.
//
// The error is a *runbook.ParseError with every problem and its place.
func ReadStubs(content []byte) (Stubs, error) {
	if len(content) > maxStubs {
		return Stubs{}, &runbook.ParseError{Problems: []runbook.Problem{{Message: "stubs are larger than 1 MB"}}}
	}
	r := &stubReader{yamlReader: yamlReader{budget: maxStubs}, stubs: Stubs{groups: map[string][]stubGroup{}}, lines: map[string]int{}}
	root, err := loadYAML(content)
	if err != nil {
		return Stubs{}, err
	}
	if root != nil {
		r.file(root)
	}
	if len(r.problems) > 0 {
		return Stubs{}, &runbook.ParseError{Problems: r.problems}
	}
	return r.stubs, nil
}

// stubReader reads a file of stubs.
type stubReader struct {
	yamlReader
	stubs Stubs
	lines map[string]int // where each operation stands
	// service is that of the operation being read.
	service string
}

func (r *stubReader) file(root *yaml.Node) {
	for name, list := range r.entries(root, "") {
		service, operation, _ := strings.Cut(name.Value, ".")
		key := stubKey(service, operation)
		if !stubNameOK(service, operation) {
			r.problem(name, "", "%q is no operation; one looks like ec2.DescribeInstances, webhook.INTEGRATION or command.DOCUMENT", name.Value)
			continue
		}
		if first := r.lines[key]; first > 0 {
			r.problem(name, name.Value, "is the operation of line %d; put all answers of one into one list", first)
			continue
		}
		r.lines[key] = name.Line
		r.service = strings.ToLower(service)
		r.stubs.groups[key] = r.groups(list, name.Value)
	}
}

var (
	servicePattern   = regexp.MustCompile(`^[a-zA-Z0-9-]{1,64}$`)
	operationPattern = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]{0,127}$`)
)

func stubNameOK(service, operation string) bool {
	switch strings.ToLower(service) {
	case webhookService, commandService:
		return operation != ""
	}
	return servicePattern.MatchString(service) && operationPattern.MatchString(operation)
}

func (r *stubReader) groups(list *yaml.Node, path string) []stubGroup {
	if list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
		r.problem(list, path, "must be a list of answers, each with response or error")
		return nil
	}
	var out []stubGroup
	for i, item := range list.Content {
		when, answer := r.answer(resolved(item), path+"["+strconv.Itoa(i)+"]")
		same := func(g stubGroup) bool { return jsonText(g.when) == jsonText(when) }
		at := slices.IndexFunc(out, same)
		if at < 0 {
			at = len(out)
			out = append(out, stubGroup{when: when})
		}
		out[at].answers = append(out[at].answers, answer)
	}
	return out
}

func (r *stubReader) answer(n *yaml.Node, path string) (when map[string]any, out stubAnswer) {
	given := map[string]bool{}
	for key, value := range r.entries(n, path) {
		here := path + "." + key.Value
		given[key.Value] = true
		switch key.Value {
		case "when":
			when = r.object(value, here)
		case "response":
			out.response = r.object(value, here)
			r.checkResponse(value, here)
		case "error":
			out.err = r.refusal(value, here)
		default:
			r.unknown(key, here, "when", "response", "error")
		}
	}
	if n.Kind == yaml.MappingNode && given["response"] == given["error"] {
		r.problem(n, path, "must have either response or error")
	}
	return when, out
}

// checkResponse looks over the responses that are no AWS operation's.
func (r *stubReader) checkResponse(n *yaml.Node, path string) {
	members := map[string][]string{webhookService: {"Response", "ResponseCode"}, commandService: {"Status", "ResponseCode", "Output"}}[r.service]
	if members == nil || n.Kind != yaml.MappingNode {
		return
	}
	statuses := []string{statusSuccess, statusFailed, statusTimedOut, statusCancelled}
	for key, value := range r.entries(n, path) {
		here := path + "." + key.Value
		switch {
		case !slices.Contains(members, key.Value):
			r.unknown(key, here, members...)
		case value.Kind != yaml.ScalarNode:
			r.problem(value, here, "must be a single value")
		case key.Value == "ResponseCode" && value.ShortTag() != "!!int":
			r.problem(value, here, "must be a whole number")
		case key.Value == "Status" && !slices.Contains(statuses, value.Value):
			r.problem(value, here, "must be one of %s", strings.Join(statuses, ", "))
		case (key.Value == "Output" || key.Value == "Response") && value.ShortTag() != "!!str":
			r.problem(value, here, "must be text; quote it")
		}
	}
}

func (r *stubReader) refusal(n *yaml.Node, path string) *cloud.Error {
	out := &cloud.Error{}
	for key, value := range r.entries(n, path) {
		here := path + "." + key.Value
		switch key.Value {
		case "code":
			out.Code = r.text(value, here)
		case "message":
			out.Message = r.text(value, here)
		case "status":
			status, err := strconv.Atoi(value.Value)
			if err != nil || status < 300 || status > 599 {
				r.problem(value, here, "must be an HTTP status from 300 to 599")
			}
			out.Status = status
		default:
			r.unknown(key, here, "code", "message", "status")
		}
	}
	if n.Kind == yaml.MappingNode && out.Code == "" {
		r.problem(n, path, "must have a code, such as AccessDenied")
	}
	return out
}
