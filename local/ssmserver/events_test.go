package ssmserver

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
)

// sqs is the real SDK's client for the same endpoint.
func (w *world) sqs() *sqs.Client {
	return sqs.New(sqs.Options{Region: "eu-west-1", BaseEndpoint: aws.String(w.url), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")})
}

func (w *world) eventQueue() *string {
	w.Helper()
	out, err := w.sqs().GetQueueUrl(w.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String(EventQueue)})
	if err != nil || aws.ToString(out.QueueUrl) != w.server.EventQueueURL(w.url) {
		w.Fatalf("%v %v", out, err)
	}
	return out.QueueUrl
}

// events receives and deletes n of them, and gives their kinds, steps and statuses, sorted, for they come in no order.
func (w *world) events(n int) (told []string, bodies []string) {
	w.Helper()
	url := w.eventQueue()
	for deadline := time.Now().Add(5 * time.Second); len(told) < n; {
		if time.Now().After(deadline) {
			w.Fatalf("%d of %d events came: %v", len(told), n, told)
		}
		out, err := w.sqs().ReceiveMessage(w.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		if err != nil {
			w.Fatal(err)
		}
		for _, m := range out.Messages {
			var e struct {
				Kind   string `json:"detail-type"`
				Detail struct{ Status, StepName string }
			}
			if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
				w.Fatal(err)
			}
			told, bodies = append(told, strings.Fields(e.Kind)[2]+" "+e.Detail.StepName+" "+e.Detail.Status), append(bodies, *m.Body)
			if _, err := w.sqs().DeleteMessage(w.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				w.Fatal(err)
			}
		}
	}
	slices.Sort(told)
	return told, bodies
}

func (w *world) none() {
	w.Helper()
	out, err := w.sqs().ReceiveMessage(w.Context(), &sqs.ReceiveMessageInput{QueueUrl: w.eventQueue()})
	if err != nil || len(out.Messages) != 0 {
		w.Errorf("%v %v", out, err)
	}
}

func TestEventsOfARun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	id := w.start("AWS-RestartEC2Instance", map[string][]string{"InstanceId": {web1}})
	w.waitEnd(id)
	told, _ := w.events(3)
	if diff := cmp.Diff([]string{"Execution  Success", "Step startInstances Success", "Step stopInstances Success"}, told); diff != "" {
		t.Error(diff)
	}
	w.none()
}

// The events of a cancelled run, to the letter. Nothing is sent of what is still going on.
func TestEventsToTheLetter(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.start(`{"name":"wait","action":"aws:sleep","inputs":{"Duration":"PT1H"}},{"name":"never","action":"aws:sleep","inputs":{"Duration":"PT1S"}}`)
		time.Sleep(90*time.Second + 5*time.Millisecond)
		b.must("StopAutomationExecution", `{"AutomationExecutionId":"`+id+`","Type":"Cancel"}`)
		b.after(time.Second, id)
		var got []string
		for _, body := range b.received() {
			var e map[string]any
			if err := json.Unmarshal([]byte(body), &e); err != nil {
				b.Fatal(err)
			}
			got = append(got, strings.Replace(body, e["id"].(string), "ID", 1))
		}
		slices.Sort(got)
		// The clock of a bubble begins at 2000-01-01T00:00:00Z.
		const envelope = `"source":"aws.ssm","account":"123456789012","time":"2000-01-01T00:01:30Z","region":"eu-west-1",` +
			`"resources":["arn:aws:ssm:eu-west-1:123456789012:automation-execution/E","arn:aws:ssm:eu-west-1:123456789012:automation-definition/Test-N:1"],`
		want := []string{
			`{"version":"0","id":"ID","detail-type":"EC2 Automation Execution Status-change Notification",` + envelope +
				`"detail":{"ExecutionId":"E","Definition":"Test-N","DefinitionVersion":1.0,"Status":"Canceled","StartTime":"Jan 1, 2000 12:00:00 AM",` +
				`"EndTime":"Jan 1, 2000 12:01:30 AM","Time":90005.0,"ExecutedBy":"arn:aws:sts::123456789012:assumed-role/handrail/local"}}`,
			`{"version":"0","id":"ID","detail-type":"EC2 Automation Step Status-change Notification",` + envelope +
				`"detail":{"ExecutionId":"E","Definition":"Test-N","DefinitionVersion":1.0,"Status":"Canceled","StartTime":"Jan 1, 2000 12:00:00 AM",` +
				`"EndTime":"Jan 1, 2000 12:01:30 AM","Time":90005.0,"StepName":"wait","Action":"aws:sleep"}}`,
		}
		e, err := b.server.executions.get(id)
		if err != nil {
			b.Fatal(err)
		}
		for i := range want {
			want[i] = strings.ReplaceAll(strings.ReplaceAll(want[i], `/E"`, "/"+id+`"`), `"E"`, `"`+id+`"`)
			want[i] = strings.ReplaceAll(want[i], "Test-N", e.document)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			b.Error(diff)
		}
	})
}

// received takes up to 10 events out of their queue.
func (b *bubble) received() []string {
	b.Helper()
	url := b.server.EventQueueURL("http://127.0.0.1")
	status, answer := b.send(toQueue("ReceiveMessage", url, `{"QueueUrl":"`+url+`","MaxNumberOfMessages":10}`))
	if status != http.StatusOK {
		b.Fatalf("%d %v", status, answer)
	}
	var out []string
	list, _ := answer["Messages"].([]any)
	for _, item := range list {
		m := item.(map[string]any)
		out = append(out, m["Body"].(string))
		if status, answer := b.send(toQueue("DeleteMessage", url, `{"QueueUrl":"`+url+`","ReceiptHandle":"`+m["ReceiptHandle"].(string)+`"}`)); status != http.StatusOK {
			b.Fatalf("%d %v", status, answer)
		}
	}
	return out
}

// toQueue is a request to the address of a queue, where some clients send everything for it.
func toQueue(operation, url, body string) *http.Request {
	request, _ := http.NewRequest(http.MethodPost, url, strings.NewReader(body)) // the URLs of tests are right
	request.Header.Set("X-Amz-Target", "AmazonSQS."+operation)
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261123/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=0")
	return request
}

func TestEventsGetLostAreLateAndComeTwice(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		run := func(faults ...Fault) {
			b.Helper()
			for _, f := range faults {
				if err := f.check(b.server.covers); err != nil {
					b.Fatal(err)
				}
				if err := b.server.faults.add(f); err != nil {
					b.Fatal(err)
				}
			}
			b.after(2*time.Second, b.start(`{"name":"a","action":"aws:sleep","inputs":{"Duration":"PT1S"}}`))
		}
		count := func(want int) {
			b.Helper()
			if got := len(b.received()); got != want {
				b.Errorf("%d events, want %d", got, want)
			}
		}
		run(Fault{Match: "event", DropReply: true, Times: 2})
		count(0)
		run(Fault{Match: "event", Twice: true})
		count(3)
		run(Fault{Match: "event", DelayMS: 60_000}, Fault{Match: "event", Twice: true, DelayMS: 90_000})
		count(0)
		time.Sleep(59 * time.Second)
		count(1)
		time.Sleep(30 * time.Second)
		count(2)
		if err := b.server.faults.add(Fault{Match: "*", DropReply: true}); err != nil || b.server.faults.take(matchEvent) != (Fault{}) {
			b.Errorf("a fault for every operation loses an event, too; %v", err)
		}
		for _, f := range []Fault{{Match: "event"}, {Match: "event", Error: "x"}, {Match: "event", Status: 500}, {Match: "*", Twice: true}, {Match: "sqs.DeleteQueue", Status: 500}} {
			if err := f.check(b.server.covers); err == nil {
				b.Errorf("%+v is no fault", f)
			}
		}
	})
}

func TestTheQueueSpeaksToTheSDK(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	client, url := w.sqs(), w.eventQueue()
	_, err := client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("none")})
	var missing *sqstypes.QueueDoesNotExist
	if !errors.As(err, &missing) || missing.ErrorMessage() != "The specified queue does not exist." {
		t.Errorf("got %v", err)
	}
	if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("grüße <&>")}); err != nil {
		t.Error(err)
	}
	got, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"}})
	if err != nil || len(got.Messages) != 1 || aws.ToString(got.Messages[0].Body) != "grüße <&>" || got.Messages[0].Attributes["ApproximateReceiveCount"] != "1" {
		t.Fatalf("%v %v", got, err)
	}
	if _, err := client.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: got.Messages[0].ReceiptHandle, VisibilityTimeout: 1}); err != nil {
		t.Error(err)
	}
	out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil || out.Attributes["ApproximateNumberOfMessagesNotVisible"] != "1" {
		t.Errorf("%v %v", out, err)
	}
	if _, err := client.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: url}); err == nil || !strings.Contains(err.Error(), "not covered by the local SQS") {
		t.Errorf("an operation that is not covered: %v", err)
	}
	if calls := w.calls("?operation=sqs.SendMessage"); len(calls) != 1 || calls[0]["status"] != 200.0 {
		t.Errorf("%v", calls)
	}
	request := toQueue("PurgeQueue", *url, `{"QueueUrl":"`+*url+`"}`).WithContext(t.Context())
	if status, answer := w.do(request); status != 200 {
		t.Errorf("%d %v", status, answer)
	}
	w.fault(map[string]any{"match": "sqs.ReceiveMessage", "error": "OverLimit"})
	if _, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url}); err == nil || !strings.Contains(err.Error(), "OverLimit") {
		t.Errorf("an injected fault: %v", err)
	}
}
