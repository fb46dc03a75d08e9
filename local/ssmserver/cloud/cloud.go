package cloud

import (
	"cmp"
	"context"
	"fmt"
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
	// SettleTime is how long everything else takes to become what it is told to be; 0 means 2 s.
	SettleTime time.Duration
}

func (o Options) withDefaults() (Options, error) {
	o.Account = cmp.Or(o.Account, "123456789012")
	o.Region = cmp.Or(o.Region, "eu-west-1")
	o.StopTime = cmp.Or(o.StopTime, 2500*time.Millisecond)
	o.StartTime = cmp.Or(o.StartTime, 2*time.Second)
	o.CheckTime = cmp.Or(o.CheckTime, 500*time.Millisecond)
	o.SettleTime = cmp.Or(o.SettleTime, 2*time.Second)
	if o.Fleet == nil {
		o.Fleet = DefaultFleet()
	}
	if !accountPattern.MatchString(o.Account) {
		return o, fmt.Errorf("account %q: an account has 12 digits", o.Account)
	}
	if min(o.StopTime, o.StartTime, o.CheckTime, o.SettleTime) < 0 {
		return o, fmt.Errorf("times must not be negative")
	}
	return o, nil
}

var accountPattern = regexp.MustCompile(`^[0-9]{12}$`)

// Cloud is one account's world, the same in every Region. Its methods can be called by many at once.
type Cloud struct {
	options    Options
	services   map[string]*service  // by boto3's name
	operations map[string]operation // by service.operation in lower case

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change that someone makes
	agenda  agenda
	world
}

// world is everything there is.
type world struct {
	machines  table[*machine]
	volumes   table[*volume]
	snapshots table[*snapshot]
	images    table[*image]

	groups       table[*group]
	targetGroups table[*targetGroup]

	databases         table[*database]
	clusters          table[*databaseCluster]
	databaseSnapshots table[*databaseSnapshot] // see databaseSnapshot for the names

	containerServices table[*containerService]
	tasks             table[*containerTask]
	kubernetes        table[*kubernetes]

	alarms  table[*alarm]
	metrics table[*metric]
	stacks  table[*stack] // by id
	buckets table[*bucket]
}

// operation is one row of the coverage table. It runs while the cloud is locked and must not wait.
type operation struct {
	name string // service.Operation
	note string
	run  func(c *Cloud, in request) (map[string]any, error)
}

// reads says that an operation changes nothing.
func (op operation) reads() bool {
	_, name, _ := strings.Cut(op.name, ".")
	return strings.HasPrefix(name, "Describe") || strings.HasPrefix(name, "List") || strings.HasPrefix(name, "Get")
}

// request is a call on its way through an operation, with parameters that fit the API model.
type request struct {
	Call
	params
	now time.Time
}

// fail is an operation's refusal.
func (in request) fail(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Operation: in.Operation}
}

// New makes a cloud.
func New(o Options) (*Cloud, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Cloud{options: o, operations: map[string]operation{}, changed: make(chan struct{})}
	if c.services, err = loadModels(); err != nil {
		return nil, err
	}
	for _, op := range operations() {
		c.operations[strings.ToLower(op.name)] = op
	}
	return c, c.build()
}

// operations is the table of what there is.
func operations() []operation {
	return slices.Concat(instanceOperations(), stateOperations(), tagOperations(), volumeOperations(), snapshotOperations(),
		imageOperations(), networkOperations(), groupOperations(), groupDescriptions(), standbyOperations(), refreshOperations(),
		balancerOperations(),
		databaseOperations(), clusterOperations(), databaseSnapshotOperations(), containerOperations(), kubernetesOperations(), alarmOperations(),
		metricOperations(), stackOperations(), bucketOperations(), identityOperations())
}

// build puts the things into the world that it begins with.
func (c *Cloud) build() error {
	now := time.Now()
	c.placeImage(now)
	if err := c.placeFleet(now); err != nil {
		return err
	}
	c.placeGroup(now)
	c.placeTargets()
	c.placeDatabases(now)
	c.placeContainers(now)
	c.placeAlarms(now)
	c.placeBucket(now)
	return nil
}

// Call does one operation, whose name may be in any case. Its error is an *Error, an *UnknownOperationError, a
// *ParamError, or ctx's.
func (c *Cloud) Call(ctx context.Context, call Call) (map[string]any, error) {
	op, ok := c.operations[strings.ToLower(call.Name())]
	s := c.services[strings.ToLower(call.Service)]
	if !ok || s == nil {
		return nil, &UnknownOperationError{Service: call.Service, Operation: call.Operation}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	model := s.operations[strings.ToLower(call.Operation)]
	given, err := checkParams(model.input, call.Params)
	if err != nil {
		return nil, err
	}
	call.Service, call.Operation, call.Region = s.name, model.name, cmp.Or(call.Region, c.options.Region)
	in := request{Call: call, params: given}
	if s.name == "ec2" && in.flag("DryRun") {
		return nil, &Error{Code: "DryRunOperation", Message: "Request would have succeeded, but DryRun flag is set.",
			Operation: call.Operation, Status: 412}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	in.now = time.Now()
	c.advance(in.now)
	answer, err := op.run(c, in)
	if err == nil && !op.reads() {
		c.touch()
	}
	return answer, err
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
		out = append(out, Row{Name: op.name, Note: op.note})
	}
	slices.SortFunc(out, func(a, b Row) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
