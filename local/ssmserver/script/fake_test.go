package script

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The test binary plays python3 when it is called so: it answers the probe, and what it would run as Python is a list of
// commands, one a line.
func TestMain(m *testing.M) {
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	if !strings.HasPrefix(name, "python") {
		os.Exit(m.Run())
	}
	if len(os.Args) > 1 && os.Args[1] == "hold" { // a process that a script left behind
		hold(os.Args[2])
	}
	program := os.Args[len(os.Args)-1]
	switch {
	case program == probe && name == "python2":
		fmt.Println(`{"path": "", "packages": "", "version": [2, 7]}`)
	case program == probe && name == "python-odd":
		fmt.Println("hello")
	case program == probe && name == "python-broken":
		fmt.Fprintln(os.Stderr, "no Python 3.12 here")
		os.Exit(1)
	case program == probe:
		text, _ := json.Marshal(map[string]any{"path": os.Args[0], "packages": "/packages", "version": []int{3, 12}})
		fmt.Printf("%s\n", text)
	case program == harness:
		playScript()
	default:
		playWorker(strings.Fields(program))
	}
	os.Exit(0)
}

// fakePython gives the path under which the test binary plays Python.
func fakePython(t *testing.T, name string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(self) == ".exe" {
		name += ".exe"
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.Link(self, path); err == nil {
		return path
	}
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func hold(address string) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		os.Exit(1)
	}
	fmt.Println("connected")
	_, _ = io.Copy(io.Discard, c)
	os.Exit(0)
}

func playScript() {
	var request struct {
		Path    string `json:"path"`
		Handler string `json:"handler"`
		Events  any    `json:"events"`
	}
	decoder := json.NewDecoder(os.Stdin)
	decoder.UseNumber()
	if err := decoder.Decode(&request); err != nil {
		os.Exit(4)
	}
	source, err := os.ReadFile(request.Path)
	if err != nil {
		os.Exit(5)
	}
	for line := range strings.Lines(string(source)) {
		command, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
		number, _ := strconv.Atoi(argument)
		switch command {
		case "return":
			fmt.Printf("{\"payload\":%s}\n", argument)
		case "events":
			text, _ := json.Marshal([]any{request.Handler, request.Events})
			fmt.Printf("{\"payload\":%s}\n", text)
		case "environment":
			folder, _ := os.Getwd()
			text, _ := json.Marshal(append(os.Environ(), "PWD="+folder))
			fmt.Printf("{\"payload\":%s}\n", text)
		case "fail":
			fmt.Printf("{\"failure\":%q}\n", argument)
		case "print":
			fmt.Fprint(os.Stderr, strings.Repeat("x", number))
		case "answer":
			fmt.Printf("{\"payload\":\"%s\"}\n", strings.Repeat("x", number))
		case "exit":
			os.Exit(number)
		case "hold":
			hold(argument)
		case "child", "escape":
			child := exec.Command(os.Args[0], "hold", argument)
			child.Stderr = os.Stderr
			if command == "escape" {
				escape(child)
			} else {
				child.Env = []string{} // its group alone tells whose it is
			}
			connected, err := child.StdoutPipe()
			if err != nil || child.Start() != nil {
				os.Exit(6)
			}
			_, _ = connected.Read(make([]byte, 1))
		}
	}
}

// playWorker answers each request with itself until it is asked something that the program knows.
func playWorker(program []string) {
	fmt.Println(`{"id":0}`)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 10<<20)
	if len(program) > 3 && program[3] == "unable" {
		fmt.Println(`{"id":0,"error":"nothing is installed"}`)
		return
	}
	for lines.Scan() {
		var request struct {
			ID      int64 `json:"id"`
			Request any   `json:"request"`
		}
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			os.Exit(4)
		}
		switch request.Request {
		case "die":
			fmt.Fprintln(os.Stderr, "segmentation fault")
			os.Exit(3)
		case "hang":
			continue
		case "refuse":
			fmt.Printf("{\"id\":%d,\"error\":\"no\"}\n", request.ID)
		case "pid":
			fmt.Printf("{\"id\":%d,\"answer\":%d}\n", request.ID, os.Getpid())
		case "much":
			fmt.Printf("{\"id\":%d,\"answer\":%q}\n", request.ID, strings.Repeat("x", 64<<10))
		case "nonsense":
			fmt.Println("hello")
		default:
			text, _ := json.Marshal(map[string]any{"id": request.ID, "answer": request.Request})
			fmt.Printf("%s\n", text)
		}
	}
}

// holder waits for one process to connect, which shows by its connection how long it lives.
type holder struct {
	*testing.T
	listener net.Listener
}

func newHolder(t *testing.T) holder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return holder{T: t, listener: l}
}

func (h holder) address() string { return h.listener.Addr().String() }

// started waits until the process lives.
func (h holder) started() net.Conn {
	h.Helper()
	if err := h.listener.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		h.Fatal(err)
	}
	c, err := h.listener.Accept()
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = c.Close() })
	return c
}

// gone fails unless the process ends soon.
func (h holder) gone(c net.Conn) {
	h.Helper()
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		h.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		h.Errorf("the process lives on: %v", err)
	}
}
