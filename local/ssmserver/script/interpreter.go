package script

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Options say how scripts run. The zero value is complete.
type Options struct {
	// Python is the interpreter, a path or a name on the PATH; "" means python3.
	Python string
	// AtOnce is how many scripts run at the same time; others wait. 0 means two for each core.
	AtOnce int
	// Time is how long one script may run; 0 means 10 minutes.
	Time time.Duration
	// Output is how many bytes a script may print, and how many its return value may have as JSON; 0 means 100 KB.
	Output int
}

// Python runs programs with one interpreter, which it looks for when it first needs it.
type Python struct {
	options Options
	slots   chan struct{}
	// found holds the interpreter, nil as long as it was not found. Who takes it out may look.
	found chan *interpreter
}

// New does not look for the interpreter yet, so that whoever runs no script needs none.
func New(o Options) *Python {
	o.Python = cmp.Or(o.Python, "python3")
	o.AtOnce = cmp.Or(o.AtOnce, 2*runtime.NumCPU())
	o.Time = cmp.Or(o.Time, 10*time.Minute)
	o.Output = cmp.Or(o.Output, 100<<10)
	p := &Python{options: o, slots: make(chan struct{}, o.AtOnce), found: make(chan *interpreter, 1)}
	p.found <- nil
	return p
}

// interpreter is a Python that can be started with an empty environment.
type interpreter struct {
	Path string `json:"path"`
	// Packages is the folder of the user's own packages, "" if there is none. Isolated interpreters leave it out.
	Packages string `json:"packages"`
	Version  []int  `json:"version"`
}

// probe asks for the interpreter itself: what is on the PATH may be a shell script that chooses one of several, and that
// needs the user's environment.
const probe = `import json, site, sys
print(json.dumps({"path": sys.executable or "", "packages": site.getusersitepackages() if site.ENABLE_USER_SITE else "",
                  "version": list(sys.version_info[:2])}))`

// probeTime bounds the look for the interpreter.
const probeTime = time.Minute

// interpreter gives the one that was found, or looks for it. A failed look is not remembered: the user may install it.
func (p *Python) interpreter(ctx context.Context) (interpreter, error) {
	var found *interpreter
	select {
	case found = <-p.found:
	case <-ctx.Done():
		return interpreter{}, context.Cause(ctx)
	}
	defer func() { p.found <- found }()
	if found != nil {
		return *found, nil
	}
	looked, err := look(ctx, p.options.Python)
	if err != nil {
		return interpreter{}, err
	}
	found = &looked
	return looked, nil
}

func look(ctx context.Context, name string) (interpreter, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return interpreter{}, fmt.Errorf("looking for Python, which runs scripts: %w", err)
	}
	ctx, stop := context.WithTimeout(ctx, probeTime)
	defer stop()
	cmd := exec.CommandContext(ctx, path, "-E", "-c", probe)
	cmd.WaitDelay = waitDelay
	text, err := cmd.Output()
	if err != nil {
		return interpreter{}, fmt.Errorf("asking %s for its version: %w%s", path, err, said(err))
	}
	var found interpreter
	if err := json.Unmarshal(text, &found); err != nil || len(found.Version) != 2 {
		return interpreter{}, fmt.Errorf("asking %s for its version: it answered %.100q", path, text)
	}
	if v := found.Version; v[0] != 3 || v[1] < 6 {
		return interpreter{}, fmt.Errorf("%s is Python %d.%d; scripts need 3.6 or later", path, v[0], v[1])
	}
	found.Path = cmp.Or(found.Path, path)
	return found, nil
}

// said is what a program wrote before it failed, ready to stand behind an error.
func said(err error) string {
	var exit *exec.ExitError
	if !errors.As(err, &exit) || len(exit.Stderr) == 0 {
		return ""
	}
	return fmt.Sprintf(": %.500s", strings.TrimSpace(string(exit.Stderr)))
}
