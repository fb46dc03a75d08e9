package script

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// process is one life of a worker's program.
type process struct {
	cmd     *exec.Cmd
	options WorkerOptions
	said    *output
	lines   chan []byte
	// killed ends when the process is to end, with the reason; done is closed when it has.
	killed context.Context
	kill   context.CancelCauseFunc
	done   chan struct{}

	mu      sync.Mutex
	last    int64
	waiting map[int64]*question // nil once the process has ended
	ending  error
}

// question is a request under way.
type question struct {
	answer chan answer // takes one
	timer  *time.Timer
	free   func()
}

type answer struct {
	text json.RawMessage
	err  error
}

var (
	errStuck = errors.New("the worker did not answer in time and was ended")
	errEnded = errors.New("the worker ended")
)

func startProcess(python interpreter, o WorkerOptions) (*process, error) {
	p := &process{options: o, lines: make(chan []byte, o.AtOnce), done: make(chan struct{}), waiting: map[int64]*question{}}
	p.killed, p.kill = context.WithCancelCause(context.Background())
	p.said = &output{limit: 16 << 10, full: func() {}}
	p.cmd = python.command("packages = " + strconv.Quote(python.Packages) + "\n" + o.Source)
	p.cmd.Env, p.cmd.Dir, p.cmd.Stderr = o.Env, os.TempDir(), p.said
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a worker: %w", err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a worker: %w", err)
	}
	separate(p.cmd)
	p.cmd.WaitDelay = waitDelay
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a worker: %w", err)
	}
	go p.run(in, out)
	return p, nil
}

// run serves the process until it ends, then fails what is still waiting.
func (p *process) run(in io.WriteCloser, out io.ReadCloser) {
	defer close(p.done)
	stop := context.AfterFunc(p.killed, func() {
		_ = killGroup(p.cmd.Process) // it may have ended just now
		_ = out.Close()              // for reading to end even if something else holds the other side
	})
	var writing sync.WaitGroup
	writing.Go(func() { p.write(in) })
	p.kill(p.read(out))
	err := p.cmd.Wait()
	stop()
	_ = killGroup(p.cmd.Process) // what it left behind; mostly nothing
	writing.Wait()
	p.end(err)
}

func (p *process) write(in io.WriteCloser) {
	defer func() { _ = in.Close() }() // the process may have gone
	for {
		select {
		case line := <-p.lines:
			if _, err := in.Write(line); err != nil {
				return // it reads no more, and reading its output will tell why
			}
		case <-p.killed.Done():
			return
		}
	}
}

// read hands the answers over until there are no more.
func (p *process) read(out io.Reader) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, p.options.Size+1<<10)
	for lines.Scan() {
		var got struct {
			ID     int64           `json:"id"`
			Answer json.RawMessage `json:"answer"`
			Error  string          `json:"error"`
		}
		if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
			return fmt.Errorf("reading the worker's answer: %w", err)
		}
		var refused error
		if got.Error != "" {
			refused = &AnswerError{Text: got.Error}
		}
		if got.ID == 0 && refused != nil {
			return refused
		}
		p.answer(got.ID, answer{text: got.Answer, err: refused})
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading the worker's answer: %w", err)
	}
	return nil
}

func (p *process) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting == nil
}

// send passes a request on. free is called once it is answered, or the process has ended.
func (p *process) send(request []byte, free func()) <-chan answer {
	q := &question{answer: make(chan answer, 1), free: free}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting == nil {
		q.end(answer{err: p.ending})
		return q.answer
	}
	p.last++
	q.timer = time.AfterFunc(p.options.Time, func() { p.kill(errStuck) })
	p.waiting[p.last] = q
	p.lines <- fmt.Appendf(nil, "{\"id\":%d,\"request\":%s}\n", p.last, request) // there are not more than it holds
	return q.answer
}

func (p *process) answer(id int64, a answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q := p.waiting[id]; q != nil {
		delete(p.waiting, id)
		q.end(a)
	}
}

func (q *question) end(a answer) {
	if q.timer != nil {
		q.timer.Stop()
	}
	q.answer <- a
	q.free()
}

// end fails what is still waiting. err is how the process ended.
func (p *process) end(err error) {
	cause := context.Cause(p.killed)
	if errors.Is(cause, context.Canceled) { // it ended by itself
		cause = errEnded
		if err != nil {
			cause = fmt.Errorf("%w: %w%s", errEnded, err, lastLine(string(p.said.bytes())))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ending = cause
	for _, q := range p.waiting {
		q.end(answer{err: cause})
	}
	p.waiting = nil
}
