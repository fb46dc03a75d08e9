package ssmserver

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The test binary plays python3 when it is called so, for both programs that the server runs with it: the one that runs
// scripts, here lists of commands, one a line; and the one that passes AWS operations on.
func TestMain(m *testing.M) {
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") != "python3" {
		os.Exit(m.Run())
	}
	program := os.Args[len(os.Args)-1]
	switch {
	case os.Args[1] == "-E":
		text, _ := json.Marshal(map[string]any{"path": os.Args[0], "version": []int{3, 12}})
		fmt.Printf("%s\n", text)
	case strings.Contains(program, "customer_script"):
		playScript()
	default:
		playRemote()
	}
	os.Exit(0)
}

// fakePython gives the path under which the test binary plays Python.
func fakePython(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := "python3"
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

func playScript() {
	var request map[string]any
	if err := json.NewDecoder(os.Stdin).Decode(&request); err != nil {
		os.Exit(4)
	}
	source, err := os.ReadFile(request["path"].(string))
	if err != nil {
		os.Exit(5)
	}
	for line := range strings.Lines(string(source)) {
		command, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch command {
		case "return":
			fmt.Printf("{\"payload\":%s}\n", argument)
		case "request":
			delete(request, "path")
			text, _ := json.Marshal(map[string]any{"payload": request})
			fmt.Printf("%s\n", text)
		case "environment":
			text, _ := json.Marshal(map[string]any{"payload": os.Environ()})
			fmt.Printf("%s\n", text)
		case "fail":
			text, _ := json.Marshal(map[string]any{"failure": strings.ReplaceAll(argument, "|", "\n")})
			fmt.Printf("%s\n", text)
		case "print":
			fmt.Fprintln(os.Stderr, argument)
		case "flood":
			for {
				fmt.Fprintln(os.Stderr, strings.Repeat("x", 1000))
			}
		case "hang":
			select {}
		case "call":
			operation, body, _ := strings.Cut(argument, " ")
			status, answer := callSSM(operation, body)
			fmt.Printf("{\"payload\":{\"status\":%d,\"answer\":%s}}\n", status, answer)
		}
	}
}

// callSSM calls as boto3 would, with what the environment says.
func callSSM(operation, body string) (status int, answer string) {
	request, err := http.NewRequest(http.MethodPost, os.Getenv("AWS_ENDPOINT_URL"), strings.NewReader(body))
	if err != nil {
		os.Exit(6)
	}
	request.Header.Set("X-Amz-Target", "AmazonSSM."+operation)
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Security-Token", os.Getenv("AWS_SESSION_TOKEN"))
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+os.Getenv("AWS_ACCESS_KEY_ID")+"/20261123/"+os.Getenv("AWS_REGION")+
		"/ssm/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		os.Exit(7)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		os.Exit(8)
	}
	return response.StatusCode, string(text)
}

// playRemote answers with the request, unless the operation's name says something else.
func playRemote() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var asked struct {
			ID      int            `json:"id"`
			Request map[string]any `json:"request"`
		}
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			os.Exit(4)
		}
		reply := map[string]any{"id": asked.ID}
		switch asked.Request["operation"] {
		case "Refuse":
			reply["answer"] = map[string]any{"refusal": map[string]any{"code": "NoSuchThing", "message": "There is none.", "operation": "Refuse", "status": 404}}
		case "Invalid":
			reply["error"] = "Parameter validation failed:\nUnknown parameter in input: \"X\""
		case "Die":
			fmt.Fprintln(os.Stderr, "out of memory")
			os.Exit(3)
		case "Hang":
			continue
		default:
			reply["answer"] = map[string]any{"output": asked.Request}
		}
		text, _ := json.Marshal(reply)
		fmt.Printf("%s\n", text)
	}
}
