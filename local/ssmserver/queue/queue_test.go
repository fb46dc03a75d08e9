package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// desk calls the operations of a service.
type desk struct {
	*testing.T
	service *Service
	log     *strings.Builder
}

func inBubble(t *testing.T, story func(d *desk)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		s := New(Options{Account: "123456789012", Region: "eu-west-1", Log: slog.New(slog.NewTextHandler(&log, nil))})
		defer s.Close()
		s.Make("q")
		story(&desk{t, s, &log})
	})
}

// do gives the answer as decoded JSON, or the code of the error.
func (d *desk) do(operation, members string) (map[string]any, string) {
	d.Helper()
	body := `{` + strings.Replace(members, "Q,", `"QueueUrl":"http://x/123456789012/q",`, 1) + `}`
	body = strings.Replace(body, `{Q}`, `{"QueueUrl":"http://x/123456789012/q"}`, 1)
	out, err := d.service.Do(context.Background(), Request{Endpoint: "http://x", Operation: operation, Body: []byte(body)})
	var refused *Error
	if errors.As(err, &refused) {
		return nil, refused.Code
	}
	text, err := json.Marshal(out)
	if err != nil {
		d.Fatal(err)
	}
	answer := map[string]any{}
	if err := json.Unmarshal(text, &answer); err != nil {
		d.Fatal(err)
	}
	return answer, ""
}

func (d *desk) must(operation, members string) map[string]any {
	d.Helper()
	answer, code := d.do(operation, members)
	if code != "" {
		d.Fatalf("%s %s: %s", operation, members, code)
	}
	return answer
}

// receive gives bodies and receipts.
func (d *desk) receive(members string) (bodies []string, receipts []string) {
	d.Helper()
	list, _ := d.must("ReceiveMessage", "Q,"+members)["Messages"].([]any)
	for _, item := range list {
		m := item.(map[string]any)
		bodies, receipts = append(bodies, m["Body"].(string)), append(receipts, m["ReceiptHandle"].(string))
	}
	return bodies, receipts
}

func (d *desk) attribute(name string) string {
	d.Helper()
	all, _ := d.must("GetQueueAttributes", `Q,"AttributeNames":["All"]`)["Attributes"].(map[string]any)
	text, _ := all[name].(string)
	return text
}

func (d *desk) counts() string {
	d.Helper()
	return d.attribute("ApproximateNumberOfMessages") + " " + d.attribute("ApproximateNumberOfMessagesNotVisible") + " " + d.attribute("ApproximateNumberOfMessagesDelayed")
}

func TestWhatIsNotDeletedComesAgain(t *testing.T) {
	inBubble(t, func(d *desk) {
		sent := d.must("SendMessage", `Q,"MessageBody":"hello"`)
		if sent["MD5OfMessageBody"] != "5d41402abc4b2a76b9719d911017c592" || len(sent["MessageId"].(string)) != 36 {
			d.Errorf("%v", sent)
		}
		bodies, first := d.receive(`"VisibilityTimeout":10`)
		if fmt.Sprint(bodies) != "[hello]" || d.counts() != "0 1 0" {
			d.Fatalf("%v %s", bodies, d.counts())
		}
		if bodies, _ := d.receive(`"WaitTimeSeconds":0`); bodies != nil {
			d.Errorf("it is seen by two: %v", bodies)
		}
		began := time.Now()
		_, second := d.receive(`"WaitTimeSeconds":20`)
		if waited := time.Since(began); len(second) != 1 || waited != 10*time.Second {
			d.Fatalf("%v after %s", second, waited)
		}
		d.must("DeleteMessage", `Q,"ReceiptHandle":"`+first[0]+`"`)
		if d.counts() != "0 1 0" {
			d.Errorf("an old receipt deleted it: %s", d.counts())
		}
		d.must("ChangeMessageVisibility", `Q,"VisibilityTimeout":0,"ReceiptHandle":"`+second[0]+`"`)
		if _, code := d.do("ChangeMessageVisibility", `Q,"VisibilityTimeout":5,"ReceiptHandle":"`+second[0]+`"`); code != codeNotInflight {
			d.Errorf("a visible message: %q", code)
		}
		_, third := d.receive(`"WaitTimeSeconds":0`)
		batch := d.must("DeleteMessageBatch", `Q,"Entries":[{"Id":"a","ReceiptHandle":"`+third[0]+`"},{"Id":"b","ReceiptHandle":"x"}]`)
		if text, _ := json.Marshal(batch); !strings.HasPrefix(string(text), `{"Failed":[{"Code":"ReceiptHandleIsInvalid","Id":"b"`) || !strings.HasSuffix(string(text), `"Successful":[{"Id":"a"}]}`) {
			d.Errorf("%s", text)
		}
		if d.counts() != "0 0 0" {
			d.Errorf("at the end: %s", d.counts())
		}
		if _, code := d.do("ChangeMessageVisibility", `Q,"VisibilityTimeout":5,"ReceiptHandle":"`+third[0]+`"`); code != codeInvalid {
			d.Errorf("a deleted message: %q", code)
		}
	})
}

func TestLongPollsEnd(t *testing.T) {
	inBubble(t, func(d *desk) {
		wait := func(members string) chan time.Duration {
			out, began := make(chan time.Duration), time.Now()
			go func() {
				d.receive(members)
				out <- time.Since(began)
			}()
			return out
		}
		empty := wait(`"WaitTimeSeconds":20`)
		if got := <-empty; got != 20*time.Second {
			d.Errorf("nothing came, and it waited %s", got)
		}
		woken := wait(`"WaitTimeSeconds":20`)
		time.Sleep(3 * time.Second)
		d.must("SendMessage", `Q,"MessageBody":"x"`)
		if got := <-woken; got != 3*time.Second {
			d.Errorf("a message came after 3 s, and it waited %s", got)
		}
		d.must("SendMessage", `Q,"MessageBody":"y","DelaySeconds":7`)
		if d.counts() != "0 1 1" {
			d.Errorf("delayed: %s", d.counts())
		}
		if got := <-wait(`"WaitTimeSeconds":20`); got != 7*time.Second {
			d.Errorf("a delayed message: %s", got)
		}
		closed := wait(`"WaitTimeSeconds":20`)
		time.Sleep(time.Second)
		d.service.Close()
		if got := <-closed; got != time.Second {
			d.Errorf("the service closed after 1 s, and it waited %s", got)
		}
	})
}

func TestQueuesAreBounded(t *testing.T) {
	inBubble(t, func(d *desk) {
		for i := range maxMessages + 3 {
			d.service.Put("q", fmt.Sprint("body ", i), 0)
		}
		d.service.Put("no queue", "x", 0)
		if d.counts() != "10000 0 0" || !strings.Contains(d.log.String(), "queue=q dropped=1\n") {
			d.Errorf("%s %s", d.counts(), d.log)
		}
		seen := map[string]bool{}
		for len(seen) < maxMessages {
			bodies, _ := d.receive(`"MaxNumberOfMessages":10`)
			if len(bodies) == 0 {
				break
			}
			for _, b := range bodies {
				seen[b] = true
			}
		}
		if len(seen) != maxMessages || seen["body 2"] || !seen["body 3"] || !seen["body 10002"] {
			d.Errorf("%d messages; the oldest ones should be gone", len(seen))
		}
		for range 40 {
			d.service.Put("q", strings.Repeat("x", 256<<10), 0)
		}
		if d.counts() != "32 0 0" {
			d.Errorf("large messages: %s", d.counts())
		}
		time.Sleep(4*24*time.Hour + time.Second)
		if d.counts() != "0 0 0" {
			d.Errorf("after the retention period: %s", d.counts())
		}
	})
}

func TestOrderIsNotPromised(t *testing.T) {
	inBubble(t, func(d *desk) {
		for range 50 {
			for _, body := range []string{"1", "2", "3", "4"} {
				d.service.Put("q", body, 0)
			}
			bodies, receipts := d.receive(`"MaxNumberOfMessages":4`)
			if strings.Join(bodies, "") != "1234" {
				return
			}
			for _, receipt := range receipts {
				d.must("DeleteMessage", `Q,"ReceiptHandle":"`+receipt+`"`)
			}
		}
		d.Error("200 messages came in order, which clients would come to count on")
	})
}

func TestQueuesHaveAttributes(t *testing.T) {
	inBubble(t, func(d *desk) {
		made := d.must("CreateQueue", `"QueueName":"other","Attributes":{"VisibilityTimeout":"7","Policy":"{}"}`)
		if made["QueueUrl"] != "http://x/123456789012/other" {
			d.Errorf("%v", made)
		}
		d.must("CreateQueue", `"QueueName":"other","Attributes":{"VisibilityTimeout":"7"}`)
		if _, code := d.do("CreateQueue", `"QueueName":"other","Attributes":{"VisibilityTimeout":"8"}`); code != codeQueueExists {
			d.Errorf("%q", code)
		}
		if got := d.must("ListQueues", `"MaxResults":1`); fmt.Sprint(got["QueueUrls"]) != "[http://x/123456789012/other]" || got["NextToken"] == nil {
			d.Errorf("%v", got)
		} else if got := d.must("ListQueues", `"MaxResults":1,"NextToken":"`+got["NextToken"].(string)+`"`); fmt.Sprint(got["QueueUrls"]) != "[http://x/123456789012/q]" {
			d.Errorf("%v", got)
		}
		if got := d.must("ListQueues", `"QueueNamePrefix":"z"`); len(got) != 0 {
			d.Errorf("%v", got)
		}
		d.must("SetQueueAttributes", `Q,"Attributes":{"ReceiveMessageWaitTimeSeconds":"5","DelaySeconds":"2","MaximumMessageSize":"1024"}`)
		began := time.Now()
		d.must("SendMessage", `Q,"MessageBody":"x"`)
		if bodies, _ := d.receive(`"MaxNumberOfMessages":1`); len(bodies) != 1 || time.Since(began) != 2*time.Second {
			d.Errorf("%v after %s", bodies, time.Since(began))
		}
		if _, code := d.do("SendMessage", `Q,"MessageBody":"`+strings.Repeat("x", 1025)+`"`); code != codeInvalid {
			d.Errorf("%q", code)
		}
		if d.attribute("QueueArn") != "arn:aws:sqs:eu-west-1:123456789012:q" || d.attribute("VisibilityTimeout") != "30" || d.attribute("Policy") != "" {
			d.Error(d.attribute("QueueArn"), d.attribute("VisibilityTimeout"), d.attribute("Policy"))
		}
		if got := d.must("GetQueueAttributes", "Q,"+`"AttributeNames":[]`); len(got) != 0 {
			d.Errorf("%v", got)
		}
		d.must("PurgeQueue", `"QueueUrl":"http://x/123456789012/q"`)
		if _, code := d.do("PurgeQueue", `"QueueUrl":"http://x/123456789012/q"`); code != codePurging || d.counts() != "0 0 0" {
			d.Errorf("%q %s", code, d.counts())
		}
		time.Sleep(time.Minute)
		d.must("PurgeQueue", `"QueueUrl":"http://x/123456789012/q"`)
	})
}

func TestRefusals(t *testing.T) {
	inBubble(t, func(d *desk) {
		for _, row := range []struct{ operation, members, code string }{
			{"DeleteQueue", `"QueueUrl":"http://x/123456789012/q"`, codeUnsupported},
			{"CreateQueue", ``, codeMissing},
			{"CreateQueue", `"QueueName":"a.fifo"`, codeInvalid},
			{"CreateQueue", `"QueueName":"a","Attributes":{"FifoQueue":"true"}`, codeAttributeName},
			{"CreateQueue", `"QueueName":"a","Attributes":{"DelaySeconds":"901"}`, codeAttributeValue},
			{"CreateQueue", `"QueueName":"a","tags":{"a":"b"}`, codeSerialization},
			{"CreateQueue", `"QueueName":7`, codeSerialization},
			{"GetQueueUrl", `"QueueName":"none"`, codeNoQueue},
			{"GetQueueUrl", `"QueueName":"q","QueueOwnerAWSAccountId":"210987654321"`, codeNoQueue},
			{"ListQueues", `"MaxResults":0`, codeInvalid},
			{"ListQueues", `"NextToken":"?"`, codeInvalid},
			{"ReceiveMessage", ``, codeMissing},
			{"ReceiveMessage", `"QueueUrl":"q"`, codeAddress},
			{"ReceiveMessage", `"QueueUrl":"http://x/q"`, codeAddress},
			{"ReceiveMessage", `"QueueUrl":"http://x/210987654321/q"`, codeNoQueue},
			{"ReceiveMessage", `Q,"MaxNumberOfMessages":0`, codeInvalid},
			{"ReceiveMessage", `Q,"MaxNumberOfMessages":11`, codeInvalid},
			{"ReceiveMessage", `Q,"WaitTimeSeconds":21`, codeInvalid},
			{"ReceiveMessage", `Q,"VisibilityTimeout":43201`, codeInvalid},
			{"SendMessage", `Q,"MessageBody":""`, codeMissing},
			{"SendMessage", `Q,"MessageBody":"\u0001"`, codeContents},
			{"SendMessage", `Q,"MessageBody":"x","DelaySeconds":901`, codeInvalid},
			{"SendMessage", `Q,"MessageBody":"x","MessageAttributes":{}`, codeSerialization},
			{"DeleteMessage", `Q,"ReceiptHandle":"nonsense"`, codeReceipt},
			{"ChangeMessageVisibility", `Q,"ReceiptHandle":"nonsense","VisibilityTimeout":1`, codeReceipt},
			{"ChangeMessageVisibility", `Q,"ReceiptHandle":"nonsense"`, codeMissing},
			{"DeleteMessageBatch", `Q,"Entries":[]`, codeEmptyBatch},
			{"DeleteMessageBatch", `Q,"Entries":[{"Id":"a"},{"Id":"a"}]`, codeSameIDs},
			{"DeleteMessageBatch", `Q,"Entries":[{"Id":""}]`, codeBatchID},
			{"DeleteMessageBatch", `Q,"Entries":[` + strings.Repeat(`{"Id":"a"},`, 10) + `{"Id":"a"}]`, codeTooManyEntries},
			{"GetQueueAttributes", `Q,"AttributeNames":["Size"]`, codeAttributeName},
			{"SetQueueAttributes", `Q,"Attributes":{"QueueArn":"x"}`, codeAttributeName},
			{"SetQueueAttributes", `"QueueUrl":"http://x/123456789012/q"`, codeMissing},
		} {
			if _, code := d.do(row.operation, row.members); code != row.code {
				d.Errorf("%s %s: %q, want %s", row.operation, row.members, code, row.code)
			}
		}
		for i := range maxQueues {
			if _, code := d.do("CreateQueue", fmt.Sprintf(`"QueueName":"q%d"`, i)); (code == codeUnsupported) != (i == maxQueues-1) {
				d.Errorf("queue %d: %q", i, code)
			}
		}
	})
}
