package automation

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"handrail/policy"
)

// shelves are documents by name; each has the version that it says, "1" if none.
type shelves struct {
	mu       sync.Mutex
	hold     map[string]shelved
	asked    map[string]int // DescribeDocument, by name and version
	read     map[string]int // Content, by name
	faults   map[string]error
	describe time.Duration
}

type shelved struct {
	version, hash, owner, content string
	files                         []policy.Pin
}

func (s *shelves) DescribeDocument(ctx context.Context, _, name, version string) (DocumentInfo, error) {
	select {
	case <-ctx.Done():
		return DocumentInfo{}, &Fault{Kind: Unavailable, Operation: opDescribeDocument, Err: ctx.Err()}
	case <-time.After(s.describe):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[name+":"+version]++
	h, ok := s.hold[name]
	switch {
	case s.faults[name] != nil:
		return DocumentInfo{}, s.faults[name]
	case !ok || version[0] != '$' && version != h.version:
		return DocumentInfo{}, &Fault{Kind: Missing, Operation: opDescribeDocument, Err: errors.New("gone")}
	}
	return DocumentInfo{Version: h.version, SHA256: h.hash, Owner: h.owner, Attached: h.files != nil}, nil
}

func (s *shelves) Content(_ context.Context, _, name, _ string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read[name]++
	return []byte(s.hold[name].content), nil
}

func (s *shelves) Attachments(_ context.Context, _, name, _ string) ([]policy.Pin, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hold[name].files, nil
}

func newShelves() *shelves {
	s := &shelves{asked: map[string]int{}, read: map[string]int{}, faults: map[string]error{}}
	s.hold = map[string]shelved{
		"Root":   {"1", "r", "123456789012", starting("Branch:1", "Leaf:2", "{{ Name }}:1", "Gone:1"), []policy.Pin{{Name: "root.zip", SHA256: "z"}}},
		"Branch": {"1", "b", policy.Amazon, starting("Leaf:2", "Loose:"), nil},
		"Leaf":   {"2", "l", policy.Amazon, starting(), []policy.Pin{{Name: "leaf.zip", SHA256: "y"}}},
		"Loose":  {"7", "o", "999999999999", starting(), nil},
	}
	return s
}

// starting is a document that starts others, each NAME:VERSION.
func starting(children ...string) string {
	steps := []string{`{"name":"nap","action":"aws:sleep","inputs":{"Duration":"PT1S"}}`}
	for i, c := range children {
		name, version, _ := strings.Cut(c, ":")
		if version != "" {
			version = `"DocumentVersion":"` + version + `",`
		}
		steps = append(steps, `{"name":"s`+strconv.Itoa(i)+`","action":"aws:executeAutomation","inputs":{"DocumentName":"`+name+`",`+version+
			`"RuntimeParameters":{"AutomationAssumeRole":"{{ AutomationAssumeRole }}"}}}`)
	}
	return `{"schemaVersion":"0.3","assumeRole":"{{ AutomationAssumeRole }}","parameters":{"Name":{"type":"String","default":"x"},"AutomationAssumeRole":{"type":"String","default":""}},
"mainSteps":[` + strings.Join(steps, ",") + `]}`
}

var root = &policy.Runbook{Name: "root", Document: "Root", Version: "1"}

func TestTheCatalogueFollowsEverythingThatIsStarted(t *testing.T) {
	t.Parallel()
	s := newShelves()
	c := NewCatalogue(s, "eu-west-1")
	doc := c.Fresh(t.Context(), root)
	want := policy.Document{State: policy.DocumentFound, Version: "1", SHA256: "r", Owner: "123456789012",
		Attachments: []policy.Pin{{Name: "leaf.zip", SHA256: "y"}, {Name: "root.zip", SHA256: "z"}},
		Children: []policy.Child{{Pin: policy.Pin{Name: "Branch", Version: "1", SHA256: "b"}, Owner: policy.Amazon},
			{Pin: policy.Pin{Name: "Leaf", Version: "2", SHA256: "l"}, Owner: policy.Amazon},
			{Pin: policy.Pin{Name: "Loose", Version: "7", SHA256: "o"}, Owner: "999999999999"}}}
	got := *doc
	got.Content, got.Analysis = nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(doc.Analysis.Children) != 6 || s.asked["Leaf:2"] != 1 || s.asked["Loose:$DEFAULT"] != 1 {
		t.Errorf("%d children, asked %v", len(doc.Analysis.Children), s.asked)
	}

	again := c.Fresh(t.Context(), root)
	if s.asked["Leaf:2"] != 2 || s.asked["Gone:1"] != 2 || s.read["Leaf"] != 1 || again.Analysis != doc.Analysis {
		t.Errorf("the second time: asked %v, read %v", s.asked, s.read)
	}
	c.Look(t.Context(), root)
	if s.asked["Leaf:2"] != 2 {
		t.Error("a look asks although a fresh answer is there")
	}

	s.hold["Leaf"] = shelved{"2", "other", policy.Amazon, starting("Branch:1"), nil}
	if moved := c.Fresh(t.Context(), root); moved.Analysis == doc.Analysis || moved.Children[1].SHA256 != "other" || len(moved.Attachments) != 1 {
		t.Errorf("a child moved: %+v", moved.Children)
	}
	s.hold["Gone"] = shelved{"1", "g", policy.Amazon, starting(), nil}
	if back := c.Fresh(t.Context(), root); len(back.Children) != 4 {
		t.Errorf("a child came back: %+v", back.Children)
	}
}

// A child that cannot be asked about makes the whole document unknown, which passes; one that AWS refuses to show does not.
func TestAChildThatCannotBeAskedAbout(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Unavailable, Throttled, Unauthorized, Rejected} {
		s := newShelves()
		c := NewCatalogue(s, "eu-west-1")
		c.Fresh(t.Context(), root)
		s.faults["Loose"] = &Fault{Kind: kind, Operation: opDescribeDocument, Err: errors.New("no")}
		doc := c.Fresh(t.Context(), root)
		passes := unreachable(&policy.Request{Actor: policy.Actor{Standing: policy.StandingMember}, Channel: policy.Channel{Known: true}, Document: doc}) != ""
		if doc.State != policy.DocumentUnknown || doc.Content != nil || passes != (kind != Rejected) {
			t.Errorf("kind %d: %+v, passes %t", kind, doc, passes)
		}
		if _, err := c.Ask(t.Context(), root); kindOf(err) != kind {
			t.Errorf("kind %d: the cause is %v", kind, err)
		}
		delete(s.faults, "Loose")
		if c.Look(t.Context(), root).State != policy.DocumentFound {
			t.Errorf("kind %d: a failure was remembered", kind)
		}
	}
}

// A look that takes too long goes on where it stopped when somebody asks again.
func TestASlowClosureIsLearnedInPieces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelves()
		s.describe = time.Second
		c := NewCatalogue(s, "eu-west-1")
		looks := 0
		for ; looks < 10; looks++ {
			ctx, done := context.WithTimeout(t.Context(), 2500*time.Millisecond)
			state := c.Look(ctx, root).State
			done()
			if state == policy.DocumentFound {
				break
			}
		}
		if looks == 0 || looks > 3 {
			t.Errorf("found after %d looks", looks)
		}
	})
}

// Nothing but a SHA-256 counts as a hash, and the owner is what AWS says.
func TestWhatAWSSaysOfADocument(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]DocumentInfo{
		`{"DocumentVersion":"3","Hash":"ABCD","HashType":"Sha256","Owner":"Amazon"}`:                               {Version: "3", SHA256: "abcd", Owner: "Amazon"},
		`{"DocumentVersion":"3","Hash":"ABCD","HashType":"Sha1","Owner":"123456789012"}`:                           {Version: "3", Owner: "123456789012"},
		`{"DocumentVersion":"3","Sha1":"ABCD","AttachmentsInformation":[{"Name":"a.zip"}]}`:                        {Version: "3", Attached: true},
		`{"DocumentVersion":"3","HashType":"Sha256"}`:                                                              {Version: "3"},
		`{"DocumentVersion":"3","Hash":"ABCD","Sha1":"EF","HashType":"","Owner":"","AttachmentsInformation":null}`: {Version: "3"},
	} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"Document":` + answer + `,"AttachmentsContent":[{"Name":"a.zip","Hash":"AB","HashType":"Sha256"},{"Name":"b.zip","Hash":"AB","HashType":"Md5"}]}`))
		}))
		c := NewClient(ClientOptions{Config: aws.Config{Credentials: credentials.NewStaticCredentialsProvider("x", "x", "")}, EndpointURL: web.URL})
		got, err := c.DescribeDocument(t.Context(), "eu-west-1", "Doc", "3")
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", answer, got, err)
		}
		files, err := c.Attachments(t.Context(), "eu-west-1", "Doc", "3")
		if diff := cmp.Diff([]policy.Pin{{Name: "a.zip", SHA256: "ab"}, {Name: "b.zip"}}, files); diff != "" || err != nil {
			t.Errorf("files: %s, %v", diff, err)
		}
		web.Close()
	}
}
