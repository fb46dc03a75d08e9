package script

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// python is the test binary as an interpreter.
func python(t *testing.T, o Options) *Python {
	t.Helper()
	o.Python = fakePython(t, "python3")
	return New(o)
}

func TestRunReturnsThePayload(t *testing.T) {
	t.Parallel()
	got, err := python(t, Options{}).Run(t.Context(), Script{Source: "print 3\nevents", Handler: "main", Events: map[string]any{"n": json.Number("9007199254740993")}})
	if err != nil {
		t.Fatal(err)
	}
	want := Result{Payload: []any{"main", map[string]any{"n": json.Number("9007199254740993")}}, Printed: "xxx"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRunSaysWhyAScriptFailed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ source, want string }{
		"its own":       {"fail KeyError - 'x'", "KeyError - 'x'"},
		"exit":          {"print 5\nexit 3", "the script ended before its handler returned: exit status 3: xxxxx"},
		"no answer":     {"", "the script ended before its handler returned"},
		"half answer":   {`return {"a"`, "the script ended before its handler returned"},
		"printed":       {"print 3000\nreturn 1", "the script printed more than it may, which is 2 KB"},
		"returned":      {"answer 2048", "the script returned more than it may, which is 2 KB"},
		"returned much": {"answer 200000", "the script returned more than it may, which is 2 KB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := python(t, Options{Output: 2048}).Run(t.Context(), Script{Source: c.source})
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestRunTellsAFailureFromTheRest(t *testing.T) {
	t.Parallel()
	var failure *Failure
	p := python(t, Options{})
	if _, err := p.Run(t.Context(), Script{Source: "fail x"}); !errors.As(err, &failure) {
		t.Errorf("%v is no Failure", err)
	}
	if _, err := p.Run(t.Context(), Script{Source: "exit 1"}); errors.As(err, &failure) {
		t.Errorf("%v is a Failure", err)
	}
}

func TestRunHasNothingOfOurEnvironment(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "ours")
	t.Setenv("PYTHONPATH", "ours")
	got, err := python(t, Options{}).Run(t.Context(), Script{Source: "environment", Env: []string{"AWS_REGION=eu-west-1"}})
	if err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{}
	for _, entry := range got.Payload.([]any) {
		key, value, _ := strings.Cut(entry.(string), "=")
		environment[key] = value
	}
	folder := environment["PWD"]
	for _, key := range []string{"HOME", "TMPDIR"} {
		if runtime.GOOS != "windows" && environment[key] != folder {
			t.Errorf("%s is %q, the folder is %q", key, environment[key], folder)
		}
		delete(environment, key)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder %s is still there: %v", folder, err)
	}
	delete(environment, "PWD")
	if diff := cmp.Diff(map[string]string{"AWS_REGION": "eu-west-1"}, environment); diff != "" && runtime.GOOS != "windows" {
		t.Error(diff)
	}
}

func TestRunEndsAtItsTimeAndWithItsContext(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	for name, c := range map[string]struct {
		time time.Duration
		want error
	}{"time": {300 * time.Millisecond, ErrTime}, "context": {0, stop}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHolder(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			ended := make(chan error, 1)
			p := python(t, Options{Time: c.time})
			go func() {
				_, err := p.Run(ctx, Script{Source: "hold " + h.address()})
				ended <- err
			}()
			conn := h.started()
			if errors.Is(c.want, stop) {
				cancel(stop)
			}
			if err := <-ended; !errors.Is(err, c.want) {
				t.Errorf("ended with %v", err)
			}
			h.gone(conn)
		})
	}
}

func TestRunEndsWhatAScriptLeavesBehind(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("descendants cannot be found once their parent has gone")
	}
	for _, how := range []string{"child", "escape"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			if how == "escape" && runtime.GOOS != "linux" {
				t.Skip("what leaves its group is found on Linux alone")
			}
			h := newHolder(t)
			began := time.Now()
			got, err := python(t, Options{}).Run(t.Context(), Script{Source: how + " " + h.address() + "\nreturn 1"})
			if err != nil || got.Payload != json.Number("1") {
				t.Fatal(got, err)
			}
			if d := time.Since(began); d > 5*time.Second {
				t.Errorf("it was waited for: %s", d)
			}
			h.gone(h.started())
		})
	}
}

func TestRunWaitsForAPlace(t *testing.T) {
	t.Parallel()
	h := newHolder(t)
	p := python(t, Options{AtOnce: 1})
	first, endFirst := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := p.Run(first, Script{Source: "hold " + h.address()})
		ended <- err
	}()
	h.started()
	second, endSecond := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer endSecond()
	if _, err := p.Run(second, Script{Source: "return 1"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the second did not wait: %v", err)
	}
	endFirst()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := p.Run(t.Context(), Script{Source: "return 1"}); err != nil {
		t.Error(err)
	}
}

func TestInterpreterSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"python2":       "is Python 2.7; scripts need 3.6 or later",
		"python-odd":    `it answered "hello\n"`,
		"python-broken": "exit status 1: no Python 3.12 here",
	} {
		_, err := New(Options{Python: fakePython(t, name)}).Run(t.Context(), Script{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	nowhere := New(Options{Python: filepath.Join(t.TempDir(), "python3")})
	if _, err := nowhere.Run(t.Context(), Script{}); err == nil || !strings.HasPrefix(err.Error(), "looking for Python, which runs scripts: ") {
		t.Error(err)
	}
}
