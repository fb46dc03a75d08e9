package ssmserver

import (
	"testing"
	"time"
)

func TestRunbooksCallQueues(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		steps := api("make", "SQS", "create_queue", `,"QueueName":"jobs"},"outputs":[{"Name":"Url","Selector":"$.QueueUrl","Type":"String"}]}`) + "," +
			api("set", "sqs", "SetQueueAttributes", `,"QueueUrl":"{{ make.Url }}","Attributes":{"SqsManagedSseEnabled":"True"}}}`) + "," +
			`{"name":"check","action":"aws:assertAwsResourceProperty","inputs":{"Service":"sqs","Api":"GetQueueAttributes","QueueUrl":"{{ make.Url }}","AttributeNames":["SqsManagedSseEnabled"],` +
			`"PropertySelector":"$.Attributes.SqsManagedSseEnabled","DesiredValues":["true"]}},` +
			api("key", "sqs", "SetQueueAttributes", `,"QueueUrl":"{{ make.Url }}","Attributes":{"KmsMasterKeyId":"alias/key","KmsDataKeyReusePeriodSeconds":"600"}}}`) + "," +
			api("look", "sqs", "GetQueueAttributes", `,"QueueUrl":"{{ make.Url }}","AttributeNames":["All"]},"outputs":[{"Name":"Key","Selector":"$.Attributes.KmsMasterKeyId","Type":"String"},`+
				`{"Name":"Reuse","Selector":"$.Attributes.KmsDataKeyReusePeriodSeconds","Type":"String"},{"Name":"Managed","Selector":"$.Attributes.SqsManagedSseEnabled","Type":"String"}]}`) + "," +
			api("miss", "sqs", "GetQueueUrl", `,"QueueName":"nope"}}`)
		id := b.start(steps)
		e := b.after(time.Second, id)
		b.want(e, "Failed: make=Success set=Success check=Success key=Success look=Success miss=Failed")
		if got := outputsOf(e, "make")["Url"][0]; got != "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs" {
			b.Error(got)
		}
		if got := outputsOf(e, "look"); got["Key"][0] != "alias/key" || got["Reuse"][0] != "600" || got["Managed"][0] != "false" {
			b.Errorf("%v", got)
		}
		ledger := b.ledger(id)
		if got := ledger[len(ledger)-1]; got != "sqs.GetQueueUrl AWS.SimpleQueueService.NonExistentQueue" {
			b.Error(got)
		}
	})
}
