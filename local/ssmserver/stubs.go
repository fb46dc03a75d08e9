package ssmserver

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"handrail/local/ssmserver/cloud"
)

// Stubs are answers to AWS operations, which come before any other. ReadStubs makes them; the zero value answers
// nothing. They hold no state: each server begins with the first answers.
type Stubs struct {
	// groups are those of each operation, by stubKey, in the order of the file.
	groups map[string][]stubGroup
}

// stubGroup are the answers to the calls that have these parameters, used in order; the last one repeats.
type stubGroup struct {
	when    map[string]any
	answers []stubAnswer
}

// stubAnswer is a response, or a refusal if err is set.
type stubAnswer struct {
	response map[string]any
	err      *cloud.Error
}

// Names lists what is answered, in the spelling of the comparison: lower case, without underscores.
func (s Stubs) Names() []string { return slices.Sorted(maps.Keys(s.groups)) }

// stubKey is the name of an operation without case and underscores, so that describe_db_instances is
// DescribeDBInstances. Services go by the names of boto3's clients.
func stubKey(service, operation string) string {
	service = strings.ToLower(service)
	switch service {
	case webhookService, commandService:
		return service + "." + strings.ToLower(operation)
	case "states": // IAM's name of it
		service = "stepfunctions"
	}
	return service + "." + strings.ToLower(strings.ReplaceAll(operation, "_", ""))
}

// stubBook is a server's place in its stubs.
type stubBook struct {
	stubs Stubs

	mu sync.Mutex
	// used counts the answers taken from each group.
	used map[string][]int
}

func newStubBook(stubs Stubs) *stubBook {
	return &stubBook{stubs: stubs, used: map[string][]int{}}
}

// has says whether an operation is stubbed for some calls.
func (b *stubBook) has(service, operation string) bool {
	return len(b.stubs.groups[stubKey(service, operation)]) > 0
}

// Call answers what is stubbed for such a call.
func (b *stubBook) Call(_ context.Context, call cloud.Call) (map[string]any, error) {
	key := stubKey(call.Service, call.Operation)
	answer, ok := b.take(key, call.Params)
	if !ok {
		return nil, &cloud.UnknownOperationError{Service: call.Service, Operation: call.Operation}
	}
	if answer.err != nil {
		refused := *answer.err
		refused.Operation = call.Operation
		return nil, &refused
	}
	return answer.response, nil
}

// take gives the next answer of the first group whose parameters are among those of the call.
func (b *stubBook) take(key string, params map[string]any) (stubAnswer, bool) {
	for i, group := range b.stubs.groups[key] {
		if !includes(group.when, params) {
			continue
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.used[key] == nil {
			b.used[key] = make([]int, len(b.stubs.groups[key]))
		}
		n := min(b.used[key][i], len(group.answers)-1)
		b.used[key][i]++
		return group.answers[n], true
	}
	return stubAnswer{}, false
}

// includes says whether everything wanted is given: the keys of a map, the items of a list in any order, and scalars by
// their text, since a runbook's numbers and booleans often are text.
func includes(wanted map[string]any, given map[string]any) bool {
	for key, value := range wanted {
		if other, ok := given[key]; !ok || !includesValue(value, other) {
			return false
		}
	}
	return true
}

func includesValue(wanted, given any) bool {
	switch wanted := wanted.(type) {
	case map[string]any:
		object, ok := given.(map[string]any)
		return ok && includes(wanted, object)
	case []any:
		list, ok := given.([]any)
		if !ok {
			return false
		}
		for _, item := range wanted {
			if !slices.ContainsFunc(list, func(other any) bool { return includesValue(item, other) }) {
				return false
			}
		}
		return true
	}
	switch given.(type) {
	case map[string]any, []any:
		return false
	}
	_, aBoolean := wanted.(bool)
	text, other := scalarText(wanted), scalarText(given)
	return text == other || aBoolean && strings.EqualFold(text, other)
}

func scalarText(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
