package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	web1 = "i-0aaaaaaaaaaaaaaa1"
	web2 = "i-0aaaaaaaaaaaaaaa2"
	db1  = "i-0bbbbbbbbbbbbbbb1"
)

// sky is a cloud inside a synctest bubble.
type sky struct {
	*testing.T
	cloud *Cloud
}

func inSky(t *testing.T, o Options, story func(s *sky)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		story(&sky{T: t, cloud: c})
	})
}

func (s *sky) call(name, body string) (map[string]any, error) {
	s.Helper()
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	var given map[string]any
	if err := decoder.Decode(&given); err != nil {
		s.Fatalf("%s %s: %v", name, body, err)
	}
	service, operation, _ := strings.Cut(name, ".")
	answer, err := s.cloud.Call(s.Context(), Call{Service: service, Operation: operation, Params: given, Caller: "arn:aws:iam::123456789012:user/ana"})
	if err == nil {
		output := s.cloud.services[strings.ToLower(service)].operations[strings.ToLower(operation)].output
		conform(s.T, output, answer, name)
	}
	return answer, err
}

// must calls an operation and gives what stands at a path such as Reservations.0.Instances.0.State.Name of the answer.
func (s *sky) must(name, body string, path ...string) any {
	s.Helper()
	answer, err := s.call(name, body)
	if err != nil {
		s.Fatalf("%s %s: %v", name, body, err)
	}
	return at(answer, strings.Join(path, "."))
}

// want calls an operation and compares what stands at a path.
func (s *sky) want(name, body, path, want string) {
	s.Helper()
	if got := fmt.Sprint(s.must(name, body, path)); got != want {
		s.Errorf("%s %s: %s is %s, not %s", name, body, path, got, want)
	}
}

// refused calls an operation that must be refused with a code and a part of the message.
func (s *sky) refused(name, body, code, message string) {
	s.Helper()
	_, err := s.call(name, body)
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Code != code || !strings.Contains(refusal.Message, message) {
		s.Errorf("%s %s: %v; want %s: %s", name, body, err, code, message)
	}
}

// at walks by names and numbers; # is a list's length and * every element.
func at(v any, path string) any {
	if path == "" {
		return v
	}
	head, rest, _ := strings.Cut(path, ".")
	switch v := v.(type) {
	case map[string]any:
		return at(v[head], rest)
	case []any:
		var n int
		if head == "#" {
			return len(v)
		}
		if head == "*" {
			var all []any
			for _, item := range v {
				all = append(all, at(item, rest))
			}
			return all
		}
		if _, err := fmt.Sscan(head, &n); err == nil && n < len(v) {
			return at(v[n], rest)
		}
	}
	return nil
}

// conform checks that an answer holds nothing that the API model does not have, in the types it has.
func conform(t *testing.T, s *shape, v any, path string) {
	t.Helper()
	ok := false
	switch s.kind {
	case kindStructure:
		var all map[string]any
		if all, ok = v.(map[string]any); ok {
			for name, value := range all {
				if m := s.member(name); m == nil {
					t.Errorf("%s.%s is not in the model", path, name)
				} else {
					conform(t, m.shape, value, path+"."+name)
				}
			}
		}
	case kindMap:
		var all map[string]any
		if all, ok = v.(map[string]any); ok {
			for name, value := range all {
				conform(t, s.element, value, path+"."+name)
			}
		}
	case kindList:
		var all []any
		if all, ok = v.([]any); ok {
			for i, value := range all {
				conform(t, s.element, value, fmt.Sprintf("%s[%d]", path, i))
			}
		}
	case kindText:
		_, ok = v.(string)
	case kindBoolean:
		_, ok = v.(bool)
	case kindTime:
		_, ok = v.(time.Time)
	case kindFloat:
		_, ok = v.(float64)
	case kindInteger:
		_, small := v.(int)
		_, large := v.(int64)
		ok = small || large
	}
	if !ok {
		t.Errorf("%s is %T, which does not fit the model's %c", path, v, s.kind)
	}
}

func TestModelsAndOperationsAreTheSame(t *testing.T) {
	t.Parallel()
	services, err := loadModels()
	if err != nil {
		t.Fatal(err)
	}
	var modelled, implemented []string
	for _, s := range services {
		for _, op := range s.operations {
			modelled = append(modelled, s.name+"."+op.name)
		}
	}
	for _, row := range Covered() {
		implemented = append(implemented, row.Name)
	}
	slices.Sort(modelled)
	if !slices.Equal(modelled, implemented) {
		t.Errorf("models have %v\nbut there is %v", modelled, implemented)
	}
}

func TestCallRefuses(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		_, err := s.call("ec2.Nothing", `{}`)
		var unknown *UnknownOperationError
		if !errors.As(err, &unknown) || unknown.Operation != "Nothing" {
			s.Error(err)
		}
		for body, want := range map[string]string{
			`{}`:                               `Missing required parameter in input: "InstanceIds"`,
			`{"InstanceIds":"i-1"}`:            `Invalid type for parameter InstanceIds, value: i-1, type: <class 'str'>, valid types: <class 'list'>, <class 'tuple'>`,
			`{"InstanceIds":[{}]}`:             `Invalid type for parameter InstanceIds[0], value: {}, type: <class 'dict'>, valid types: <class 'str'>`,
			`{"InstanceIds":[],"Speed":1}`:     `Unknown parameter in input: "Speed", must be one of: InstanceIds, Hibernate, SkipOsShutdown, DryRun, Force`,
			`{"InstanceIds":[],"Force":"may"}`: `Invalid type for parameter Force, value: may, type: <class 'str'>, valid types: <class 'bool'>`,
			`{"InstanceIds":[null]}`:           `type: <class 'NoneType'>`,
			`{"InstanceIds":["` + strings.Repeat("x", maxParams) + `"]}`: `longer than`,
		} {
			_, err := s.call("ec2.StopInstances", body)
			var wrong *ParamError
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
				s.Errorf("%s: %v", brief(body), err)
			}
		}
		s.refused("ec2.StopInstances", `{"InstanceIds":["`+web1+`"],"DryRun":true}`, "DryRunOperation", "would have succeeded")
		s.want("ec2.describeinstances", `{"InstanceIds":["`+web1+`"]}`, "Reservations.0.Instances.0.State.Name", "running")
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Account: "12"}, {StopTime: -1}, {Fleet: []Instance{{ID: "web-1"}}}, {Fleet: []Instance{{ID: web1}, {ID: web1}}}, {Fleet: []Instance{{ID: web1, State: "asleep"}}}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestChanges(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		closed := func(c <-chan struct{}) bool {
			select {
			case <-c:
				return true
			default:
				return false
			}
		}
		changed, next := s.cloud.Changes()
		s.must("ec2.DescribeInstances", `{}`)
		if _, err := s.call("ec2.StopInstances", `{"InstanceIds":["i-0ccccccccccccccc1"]}`); err == nil || closed(changed) || !next.IsZero() {
			s.Errorf("what changes nothing wakes those who wait: %v, next %v", err, next)
		}
		s.must("ec2.StopInstances", ids(web1))
		if !closed(changed) {
			s.Error("nobody was told of a change")
		}
		if _, next = s.cloud.Changes(); !next.Equal(time.Now().Add(2500 * time.Millisecond)) {
			s.Errorf("next is %v", next)
		}
		changed, _ = s.cloud.Changes()
		if err := s.cloud.SetInstance(web1, "stopped"); err != nil || !closed(changed) {
			s.Errorf("nobody was told of a change by hand: %v", err)
		}
	})
}
