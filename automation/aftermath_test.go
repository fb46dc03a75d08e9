package automation

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"handrail/audit"
	"handrail/policy"
)

// told are the alarms in the audit log.
func (s *stage) told() []Alarm {
	s.Helper()
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	var out []Alarm
	for _, e := range s.store.notes {
		var a Alarm
		if e.Kind != audit.Alarm {
			continue
		}
		if err := json.Unmarshal(e.Body, &a); err != nil || e.Subject == "" {
			s.Errorf("the entry %s: %v", e.Body, err)
		}
		out = append(out, a)
	}
	return out
}

// after makes AWS hold something else once it has begun an automation.
func (s *stage) after(holds func(*DocumentInfo) error) {
	s.aws.onStart = func(_ int, work func() string) (string, error) {
		s.aws.holds = func() (DocumentInfo, error) {
			info := DocumentInfo{Version: "1", SHA256: s.aws.hash, Owner: policy.Amazon}
			err := holds(&info)
			return info, err
		}
		return work(), nil
	}
}

func TestWhatElseRanIsStopped(t *testing.T) {
	other := strings.Repeat("2", 64)
	for name, c := range map[string]struct {
		holds    func(*DocumentInfo) error
		observed func(*Observation)
		want     string
	}{
		"the content was swapped": {holds: func(i *DocumentInfo) error { i.SHA256 = other; return nil }, want: "the content of AWS-RestartEC2Instance version 1 is not the one that was decided about."},
		"no hash":                 {holds: func(i *DocumentInfo) error { i.SHA256 = ""; return nil }, want: "AWS gives no SHA-256 for AWS-RestartEC2Instance version 1 any more."},
		"the version is gone": {holds: func(*DocumentInfo) error {
			return &Fault{Kind: Missing, Operation: opDescribeDocument, Code: "InvalidDocumentVersion"}
		}, want: "AWS has no AWS-RestartEC2Instance version 1 any more."},
		"another number":   {holds: func(i *DocumentInfo) error { i.Version = "2"; return nil }, want: `it is version "2" of AWS-RestartEC2Instance, and not 1.`},
		"another version":  {observed: func(o *Observation) { o.Version = "7" }, want: "it is version 7 of AWS-RestartEC2Instance, and not 1."},
		"another document": {observed: func(o *Observation) { o.Document = "AWS-StopEC2Instance" }, want: "the document is AWS-StopEC2Instance, and not AWS-RestartEC2Instance."},
	} {
		act(t, func(s *stage) {
			s.aws.runs, s.aws.observed = time.Hour, c.observed
			if c.holds != nil {
				s.after(c.holds)
			}
			x := s.ends(s.submit("k").Execution.ID, Cancelled, time.Minute)
			if want := otherRan + c.want + " Handrail stops it. Look at what it has done."; x.Note != want {
				t.Errorf("%s: the note is %q, want %q", name, x.Note, want)
			}
			synctest.Wait()
			told := s.told()
			if len(told) != 1 || len(s.alarms) != 1 || !cmp.Equal(told, s.alarms) || told[0].Kind != OtherRun || told[0].Execution != x.ID || told[0].AWSID != x.AWSID {
				t.Errorf("%s: told %+v, alarms %+v", name, told, s.alarms)
			}
			if s.aws.stops != 1 {
				t.Errorf("%s: stopped %d times", name, s.aws.stops)
			}
		})
	}
}

func TestWhatElseRanAndSucceededHasFailed(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.runs = time.Second // over before the first look
		s.aws.onStop = func(int) error { return &Fault{Kind: Ended, Operation: opStop} }
		s.after(func(i *DocumentInfo) error { i.SHA256 = "other"; return nil })
		if x := s.ends(s.submit("k").Execution.ID, Failed, time.Minute); !fouled(x) || x.AWSStatus != "Success" {
			t.Errorf("%s: %q", x.AWSStatus, x.Note)
		}
	})
}

// The stop goes on after a restart, and nothing is told twice.
func TestWhatElseRanIsStoppedByTheNextReplica(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.runs = time.Hour
		s.aws.onStop = func(int) error { return &Fault{Kind: Throttled, Operation: opStop} }
		s.after(func(i *DocumentInfo) error { i.SHA256 = "other"; return nil })
		id := s.submit("k").Execution.ID
		time.Sleep(time.Minute)
		if x := s.row(id); !fouled(x) || x.State.Terminal() {
			t.Fatalf("it is %s: %q", x.State, x.Note)
		}
		s.end()
		s.aws.set(func() { s.aws.onStop = nil })
		s.run("replica-2")
		s.ends(id, Cancelled, time.Minute)
		if n := len(s.told()); n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}

func TestAStopNeedsNoRecord(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.runs = time.Hour
		var once sync.Once
		s.after(func(i *DocumentInfo) error {
			once.Do(func() {
				s.store.mu.Lock()
				defer s.store.mu.Unlock()
				s.store.unlogged = errors.New("disk full")
			})
			i.SHA256 = "other"
			return nil
		})
		s.submit("k")
		time.Sleep(10 * time.Second)
		s.aws.set(func() {
			if s.aws.stops == 0 {
				t.Error("without a record it is not stopped")
			}
		})
		synctest.Wait()
		if len(s.alarms) != 1 || len(s.told()) != 0 {
			t.Errorf("%d alarms, %d told", len(s.alarms), len(s.told()))
		}
		s.store.mu.Lock()
		s.store.unlogged = nil
		s.store.mu.Unlock()
		time.Sleep(10 * time.Second)
		if len(s.told()) != 1 {
			t.Errorf("told %d times once it can be", len(s.told()))
		}
	})
}

// An AWS that cannot be asked is no reason to stop, nor to show nothing for ever.
func TestWhatRunsIsAskedAgain(t *testing.T) {
	act(t, func(s *stage) {
		asked, down := 0, true
		s.aws.runs = time.Hour
		s.after(func(i *DocumentInfo) error {
			if asked++; down {
				return &Fault{Kind: Unavailable, Operation: opDescribeDocument, Err: errors.New("reset")}
			}
			i.SHA256 = "other"
			return nil
		})
		id := s.submit("k").Execution.ID
		time.Sleep(time.Minute)
		if x := s.row(id); x.AWSStatus != "InProgress" || fouled(x) {
			t.Errorf("a minute later it is %s: %q", x.AWSStatus, x.Note)
		}
		s.aws.set(func() { down = false })
		s.ends(id, Cancelled, 5*time.Minute)
		if asked < doubtsAtMost {
			t.Errorf("asked %d times", asked)
		}
	})
}

func TestWhatWasDecidedRunsUndisturbed(t *testing.T) {
	act(t, func(s *stage) {
		x := s.ends(s.submit("k").Execution.ID, Succeeded, time.Minute)
		if x.Note != "" || len(s.told())+len(s.alarms) != 0 || s.aws.stops != 0 {
			t.Errorf("%q, %v", x.Note, s.alarms)
		}
	})
}
