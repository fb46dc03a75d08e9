package cloud

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say what world the cloud begins with. The zero value is a complete one.
type Options struct {
	// Account is the 12-digit account; "" means 123456789012.
	Account string
	// Region is where calls go that name none; "" means eu-west-1.
	Region string
	// Fleet are the EC2 instances; nil means DefaultFleet.
	Fleet []Instance
	// StopTime, StartTime and CheckTime are how long an instance takes to stop or terminate, to start, and to pass its
	// status checks after that. 0 means 2.5 s, 2 s and 500 ms.
	StopTime, StartTime, CheckTime time.Duration
}

func (o Options) withDefaults() (Options, error) {
	o.Account = cmp.Or(o.Account, "123456789012")
	o.Region = cmp.Or(o.Region, "eu-west-1")
	o.StopTime = cmp.Or(o.StopTime, 2500*time.Millisecond)
	o.StartTime = cmp.Or(o.StartTime, 2*time.Second)
	o.CheckTime = cmp.Or(o.CheckTime, 500*time.Millisecond)
	if o.Fleet == nil {
		o.Fleet = DefaultFleet()
	}
	if !accountPattern.MatchString(o.Account) {
		return o, fmt.Errorf("account %q: an account has 12 digits", o.Account)
	}
	if min(o.StopTime, o.StartTime, o.CheckTime) < 0 {
		return o, fmt.Errorf("times must not be negative")
	}
	return o, nil
}

var accountPattern = regexp.MustCompile(`^[0-9]{12}$`)

// Cloud is one account's world, the same in every Region. Its methods can be called by many at once.
type Cloud struct {
	options    Options
	operations map[string]operation // by service.operation in lower case

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at every change that someone makes
	dues     []time.Time   // when something changes by itself
	machines table[*machine]
}

// operation is one row of the coverage table. It runs while the cloud is locked and must not wait.
type operation struct {
	service, name string
	note          string
	run           func(c *Cloud, in request) (map[string]any, error)
}

// request is a call on its way through an operation.
type request struct {
	Call
	now time.Time
}

// New makes a cloud.
func New(o Options) (*Cloud, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Cloud{options: o, operations: map[string]operation{}, changed: make(chan struct{})}
	for _, op := range operations() {
		c.operations[strings.ToLower(op.service+"."+op.name)] = op
	}
	return c, c.placeFleet(o.Fleet)
}

func operations() []operation {
	return slices.Concat(instanceOperations())
}

// Call does one operation, whose name may be in any case. Its error is an *Error, an *UnknownOperationError, or ctx's.
func (c *Cloud) Call(ctx context.Context, call Call) (map[string]any, error) {
	op, ok := c.operations[strings.ToLower(call.Name())]
	if !ok {
		return nil, &UnknownOperationError{Service: call.Service, Operation: call.Operation}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	call.Operation, call.Region = op.name, cmp.Or(call.Region, c.options.Region)
	c.mu.Lock()
	defer c.mu.Unlock()
	return op.run(c, request{Call: call, now: time.Now()})
}

// Row is an operation of the coverage table.
type Row struct {
	// Name is service.Operation.
	Name string
	Note string
}

// Covered lists the operations, sorted by name.
func Covered() []Row {
	var out []Row
	for _, op := range operations() {
		out = append(out, Row{Name: op.service + "." + op.name, Note: op.note})
	}
	slices.SortFunc(out, func(a, b Row) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Changes gives what is closed at the next change that someone makes, and when something changes by itself, zero if
// nothing will. Take it before looking at the cloud, and no change is missed.
func (c *Cloud) Changes() (changed <-chan struct{}, next time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.dues = slices.DeleteFunc(c.dues, func(at time.Time) bool { return !at.After(now) })
	for _, at := range c.dues {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return c.changed, next
}

// touch tells those who wait that something changed. The cloud is locked.
func (c *Cloud) touch() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// moving is a state that may pass into another by itself.
type moving struct {
	state string
	next  string
	due   time.Time // when next comes; zero means never
}

// settle ends a passing state whose time has come, and says whether it did.
func (m *moving) settle(now time.Time) bool {
	if m.due.IsZero() || now.Before(m.due) {
		return false
	}
	m.state, m.next, m.due = m.next, "", time.Time{}
	return true
}

// move puts m into a state that becomes next after d.
func (c *Cloud) move(m *moving, state, next string, now time.Time, d time.Duration) {
	*m = moving{state: state, next: next, due: now.Add(d)}
	c.dues = append(c.dues, m.due)
}

// table keeps things by name in the order in which they were made.
type table[T any] struct {
	order []string
	items map[string]T
}

func (t *table[T]) put(name string, item T) {
	if t.items == nil {
		t.items = map[string]T{}
	}
	if _, ok := t.items[name]; !ok {
		t.order = append(t.order, name)
	}
	t.items[name] = item
}

func (t *table[T]) remove(name string) {
	delete(t.items, name)
	t.order = slices.DeleteFunc(t.order, func(other string) bool { return other == name })
}

func (t *table[T]) has(name string) bool { _, ok := t.items[name]; return ok }

// fail is an operation's refusal.
func (in request) fail(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Operation: in.Operation}
}

// texts is a list of strings among the parameters, nil if it is not there.
func (in request) texts(name string) []string {
	list, _ := in.Params[name].([]any)
	var out []string
	for _, item := range list {
		if text, ok := item.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

func (in request) flag(name string) bool { v, _ := in.Params[name].(bool); return v }

// tagSet writes tags as lists of Key and Value.
func tagSet(tags map[string]string) []any {
	out := []any{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, map[string]any{"Key": key, "Value": tags[key]})
	}
	return out
}
