package script

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
)

//go:embed harness.py
var harness string

// Script is a Python program with a function to call.
type Script struct {
	Source string
	// Handler is the name of a function of Source that takes Events and Context.
	Handler string
	// Events and Context are anything that can be written as JSON.
	Events, Context any
	// Env is the environment as KEY=value. HOME and TMPDIR are added: both are the script's own temporary folder.
	Env []string
}

// Result is what a script left behind.
type Result struct {
	// Payload is the handler's return value, as decoded JSON with json.Number. A list is cut after 100 items. It is nil
	// if there was an error.
	Payload any
	// Printed is what the script wrote to its standard output and error, as far as it may, whether there was an error or
	// not.
	Printed string
}

// Failure is a script's own: an exception, or a return value that is no JSON.
type Failure struct {
	// Text is the traceback from the script's first line on, an empty line, and "KeyError - 'x'".
	Text string
}

// Error is the text.
func (f *Failure) Error() string { return f.Text }

// ErrTime says that a script ran for longer than it may.
var ErrTime = errors.New("the script did not end in time")

var (
	errPrinted  = errors.New("the script printed more than it may")
	errReturned = errors.New("the script returned more than it may")
)

// waitDelay is how long a program's output may stay open after its end, by processes that it started.
const waitDelay = 250 * time.Millisecond

// Run runs a script to its end, and stops everything that it started. The error is a *Failure, ErrTime, the cause of
// ctx's end, or says which limit the script broke, how it ended, or that there is no Python. Beyond Options.AtOnce it
// waits; that time does not count.
func (p *Python) Run(ctx context.Context, s Script) (Result, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	}
	python, err := p.interpreter(ctx)
	if err != nil {
		return Result{}, err
	}
	folder, err := newFolder()
	if err != nil {
		return Result{}, fmt.Errorf("making the script's folder: %w", err)
	}
	// What a script made unreadable stays behind for the system to clean up.
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "customer_script.py")
	if err := os.WriteFile(file, []byte(s.Source), 0o600); err != nil {
		return Result{}, fmt.Errorf("writing the script: %w", err)
	}
	request, err := json.Marshal(map[string]any{"path": file, "packages": python.Packages, "handler": s.Handler,
		"events": s.Events, "context": s.Context, "seconds": int(p.options.Time.Seconds()) + 1})
	if err != nil {
		return Result{}, fmt.Errorf("writing the script's events: %w", err)
	}
	return p.run(ctx, python.command(harness), folder, request, s.Env)
}

// newFolder makes a folder that is named like those of the real service, which shows them in tracebacks.
func newFolder() (string, error) {
	folder := filepath.Join(os.TempDir(), uuid.NewString()+time.Now().UTC().Format("-2006-01-02-15-04-05"))
	return folder, os.Mkdir(folder, 0o700)
}

// command runs a program without anything that the environment or the current folder could add to it.
func (i interpreter) command(program string) *exec.Cmd {
	return exec.Command(i.Path, "-I", "-X", "utf8", "-c", program) //nolint:gosec // running Python is what this is for
}

func (p *Python) run(ctx context.Context, cmd *exec.Cmd, folder string, request []byte, env []string) (Result, error) {
	limited, stop := context.WithTimeoutCause(ctx, p.options.Time, ErrTime)
	defer stop()
	running, cancel := context.WithCancelCause(limited)
	defer cancel(nil)
	answer := &output{limit: p.options.Output + 64<<10, full: func() { cancel(errReturned) }}
	printed := &output{limit: p.options.Output, full: func() { cancel(errPrinted) }}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(request), answer, printed
	cmd.Dir, cmd.Env = folder, append(homeless(folder), env...)
	err := inGroup(running, cmd, folder)
	result := Result{Printed: string(printed.bytes())}
	if err := context.Cause(running); err != nil {
		return result, p.limitBroken(err)
	}
	result.Payload, err = p.read(answer.bytes(), result.Printed, err)
	return result, err
}

// inGroup runs cmd in a process group of its own and ends the whole group with it, or with ctx.
func inGroup(ctx context.Context, cmd *exec.Cmd, folder string) error {
	separate(cmd)
	cmd.WaitDelay = waitDelay
	if err := cmd.Start(); err != nil {
		return err
	}
	stopKilling := context.AfterFunc(ctx, func() { _ = killGroup(cmd.Process) }) // it may have ended just now
	err := cmd.Wait()
	stopKilling()
	_ = killGroup(cmd.Process) // what the script left behind; mostly nothing
	killEscaped(folder)
	return err
}

func (p *Python) limitBroken(cause error) error {
	switch {
	case errors.Is(cause, errPrinted), errors.Is(cause, errReturned):
		return fmt.Errorf("%w, which is %d KB", cause, p.options.Output>>10)
	}
	return cause
}

// read takes the return value out of the harness's answer. ended is how the process did.
func (p *Python) read(text []byte, printed string, ended error) (any, error) {
	var answer struct {
		Payload json.RawMessage `json:"payload"`
		Failure string          `json:"failure"`
	}
	err := json.NewDecoder(bytes.NewReader(text)).Decode(&answer)
	switch {
	case err != nil && ended == nil:
		return nil, errors.New("the script ended before its handler returned")
	case err != nil:
		return nil, fmt.Errorf("the script ended before its handler returned: %w%s", ended, lastLine(printed))
	case answer.Failure != "":
		return nil, &Failure{Text: answer.Failure}
	case len(answer.Payload) > p.options.Output:
		return nil, p.limitBroken(errReturned)
	}
	payload, err := decode(answer.Payload)
	if err != nil {
		return nil, fmt.Errorf("reading what the script returned: %w", err)
	}
	return payload, nil
}

// lastLine is where Python says why it gave up.
func lastLine(printed string) string {
	printed = strings.TrimSpace(printed)
	if printed == "" {
		return ""
	}
	return fmt.Sprintf(": %.500s", printed[strings.LastIndexByte(printed, '\n')+1:])
}

// decode reads JSON with its numbers as they are.
func decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var out any
	err := decoder.Decode(&out)
	return out, err
}
