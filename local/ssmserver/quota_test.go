package ssmserver

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// in signs a call for a Region.
func (b *bubble) in(region, operation, body string) string {
	b.Helper()
	request, err := http.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", "AmazonSSM."+operation)
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261123/"+region+"/ssm/aws4_request, SignedHeaders=host, Signature=0")
	status, answer := b.send(request)
	if answer["__type"] == "ThrottlingException" && answer["Message"] == "Rate exceeded" && len(answer) == 2 && status == http.StatusBadRequest {
		return "throttled"
	}
	return fmt.Sprint(status)
}

func TestQuotas(t *testing.T) {
	inBubble(t, Options{Quotas: true}, func(b *bubble) {
		const id = `{"AutomationExecutionId":"` + someID + `"}`
		for operation, row := range map[string]struct {
			body   string
			second int
		}{
			"StartAutomationExecution": {`{"DocumentName":"No-Document"}`, 1}, "StopAutomationExecution": {id, 1},
			"StartExecutionPreview": {`{"DocumentName":"No-Document"}`, 1}, "GetExecutionPreview": {`{"ExecutionPreviewId":"` + someID + `"}`, 1},
			"GetAutomationExecution": {id, 3}, "DescribeAutomationStepExecutions": {id, 3}, "DescribeAutomationExecutions": {`{}`, 3},
			"SendAutomationSignal": {`{"AutomationExecutionId":"` + someID + `","SignalType":"Resume"}`, 3},
		} {
			for range 2 { // seconds
				for i := range row.second + 2 {
					if got := b.in("eu-west-1", operation, row.body); (got == "throttled") != (i >= row.second) {
						b.Errorf("%s: call %d in a second: %s", operation, i+1, got)
					}
				}
				if got := b.in("eu-west-2", operation, row.body); row.second > 1 && got == "throttled" {
					b.Errorf("%s in another Region: %s", operation, got)
				}
				time.Sleep(time.Second)
			}
		}
		for range 50 {
			if got := b.in("eu-west-1", "DescribeDocument", `{"Name":"AWS-StopEC2Instance"}`); got != "200" {
				b.Errorf("an operation without a known quota: %s", got)
			}
		}
		for i := range maxQuotaRegions * 10 {
			b.in(fmt.Sprint("xx-", i), "StopAutomationExecution", id)
		}
		if got := len(b.server.quotas.buckets); got > maxQuotaRegions*8+8 {
			b.Errorf("%d buckets", got)
		}
	})
}
