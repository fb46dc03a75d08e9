package cloud

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func bucketOperations() []operation {
	return []operation{
		{name: "s3.CreateBucket", run: createBucket, note: "keeps nothing but the name"},
		{name: "s3.DeleteBucketEncryption", run: deleteBucketEncryption},
		{name: "s3.GetBucketEncryption", run: getBucketEncryption},
		{name: "s3.ListBuckets", run: listBuckets},
		{name: "s3.PutBucketEncryption", run: putBucketEncryption},
	}
}

func queueOperations() []operation {
	return []operation{
		{name: "sqs.CreateQueue", run: createQueue, note: "keeps nothing but the name and the attributes"},
		{name: "sqs.GetQueueAttributes", run: getQueueAttributes},
		{name: "sqs.GetQueueUrl", run: getQueueURL},
		{name: "sqs.ListQueues", run: listQueues},
		{name: "sqs.SetQueueAttributes", run: setQueueAttributes},
	}
}

type bucket struct {
	name, region string
	created      time.Time
	encryption   map[string]any
}

var bucketPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// plainEncryption is what every bucket has that is told nothing else.
func plainEncryption() map[string]any {
	return map[string]any{"Rules": []any{map[string]any{"ApplyServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "AES256"},
		"BucketKeyEnabled": false}}}
}

func (c *Cloud) bucket(in request) (*bucket, error) {
	if b := c.buckets.items[in.text("Bucket")]; b != nil {
		return b, nil
	}
	return nil, in.failStatus(404, "NoSuchBucket", "The specified bucket does not exist")
}

func createBucket(c *Cloud, in request) (map[string]any, error) {
	name := in.text("Bucket")
	switch {
	case !bucketPattern.MatchString(name):
		return nil, in.fail("InvalidBucketName", "The specified bucket is not valid.")
	case c.buckets.has(name):
		return nil, in.failStatus(409, "BucketAlreadyOwnedByYou",
			"Your previous request to create the named bucket succeeded and you already own it.")
	case len(c.buckets.order) >= maxThings:
		return nil, in.fail("TooManyBuckets", "You have attempted to create more buckets than allowed")
	}
	c.buckets.put(name, &bucket{name: name, region: in.Region, created: in.now.UTC().Truncate(time.Second), encryption: plainEncryption()})
	return map[string]any{"Location": "/" + name}, nil
}

func listBuckets(c *Cloud, _ request) (map[string]any, error) {
	return map[string]any{"Owner": map[string]any{"ID": c.options.Account}, "Buckets": answers(c.buckets.all(), func(b *bucket) map[string]any {
		return map[string]any{"Name": b.name, "CreationDate": b.created, "BucketRegion": b.region}
	})}, nil
}

func getBucketEncryption(c *Cloud, in request) (map[string]any, error) {
	b, err := c.bucket(in)
	if err != nil {
		return nil, err
	}
	return map[string]any{"ServerSideEncryptionConfiguration": b.encryption}, nil
}

func deleteBucketEncryption(c *Cloud, in request) (map[string]any, error) {
	b, err := c.bucket(in)
	if err != nil {
		return nil, err
	}
	b.encryption = plainEncryption()
	return nil, nil
}

func putBucketEncryption(c *Cloud, in request) (map[string]any, error) {
	b, err := c.bucket(in)
	if err != nil {
		return nil, err
	}
	rules := in.sub("ServerSideEncryptionConfiguration").list("Rules")
	if len(rules) != 1 {
		return nil, in.fail("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	apply := rules[0].sub("ApplyServerSideEncryptionByDefault")
	algorithm := apply.text("SSEAlgorithm")
	if !slices.Contains([]string{"AES256", "aws:kms", "aws:kms:dsse", "aws:fsx"}, algorithm) {
		return nil, in.fail("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	if algorithm == "AES256" && apply.text("KMSMasterKeyID") != "" {
		return nil, in.fail("InvalidArgument", "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
	}
	// What is kept is never changed, so that answers can show it.
	kept := filled(map[string]any{"SSEAlgorithm": algorithm, "KMSMasterKeyID": apply.text("KMSMasterKeyID")})
	b.encryption = map[string]any{"Rules": []any{map[string]any{"ApplyServerSideEncryptionByDefault": kept,
		"BucketKeyEnabled": rules[0].flag("BucketKeyEnabled")}}}
	return nil, nil
}

type queue struct {
	name       string
	attributes map[string]string
	created    time.Time
}

func (c *Cloud) queueURL(q *queue, region string) string {
	return "https://sqs." + region + ".amazonaws.com/" + c.options.Account + "/" + q.name
}

// queue is found by the last part of its URL: the host is that of whoever asks.
func (c *Cloud) queue(in request, name string) (*queue, error) {
	if q := c.queues.items[name[strings.LastIndex(name, "/")+1:]]; q != nil {
		return q, nil
	}
	return nil, in.fail("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
}

var queuePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,75}(\.fifo)?$`)

// queueAttributes are those that can be set: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html.
func queueAttributes() map[string]string {
	return map[string]string{"DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "Policy": "",
		"ReceiveMessageWaitTimeSeconds": "0",
		"VisibilityTimeout":             "30", "RedrivePolicy": "", "RedriveAllowPolicy": "", "KmsMasterKeyId": "", "KmsDataKeyReusePeriodSeconds": "",
		"SqsManagedSseEnabled":      "true",
		"ContentBasedDeduplication": "", "DeduplicationScope": "", "FifoThroughputLimit": "", "FifoQueue": ""}
}

// setAttributes sets those of the request. Encryption is either one's own key or that of SQS.
func (q *queue) setAttributes(in request) error {
	given, _ := in.params["Attributes"].(map[string]any)
	for name, value := range given {
		text, _ := value.(string)
		if _, ok := queueAttributes()[name]; !ok {
			return in.fail("InvalidAttributeName", "Unknown Attribute %s.", brief(name))
		}
		if name == "SqsManagedSseEnabled" && !strings.EqualFold(text, "true") && !strings.EqualFold(text, "false") {
			return in.fail("InvalidAttributeValue", "Invalid value for the parameter %s.", name)
		}
	}
	for name, value := range given {
		text, _ := value.(string)
		if name == "SqsManagedSseEnabled" {
			text = strings.ToLower(text)
		}
		q.attributes[name] = text
	}
	if key, _ := given["KmsMasterKeyId"].(string); key != "" {
		q.attributes["SqsManagedSseEnabled"] = "false"
	} else if q.attributes["SqsManagedSseEnabled"] == "true" {
		delete(q.attributes, "KmsMasterKeyId")
	}
	return nil
}

func createQueue(c *Cloud, in request) (map[string]any, error) {
	name := in.text("QueueName")
	if !queuePattern.MatchString(name) {
		return nil, in.fail("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if q := c.queues.items[name]; q != nil {
		return map[string]any{"QueueUrl": c.queueURL(q, in.Region)}, nil
	}
	if len(c.queues.order) >= maxThings {
		return nil, in.fail("OverLimit", "There are too many queues.")
	}
	q := &queue{name: name, attributes: queueAttributes(), created: in.now}
	if err := q.setAttributes(in); err != nil {
		return nil, err
	}
	c.queues.put(name, q)
	return map[string]any{"QueueUrl": c.queueURL(q, in.Region)}, nil
}

func getQueueURL(c *Cloud, in request) (map[string]any, error) {
	q, err := c.queue(in, in.text("QueueName"))
	if err != nil {
		return nil, err
	}
	return map[string]any{"QueueUrl": c.queueURL(q, in.Region)}, nil
}

func listQueues(c *Cloud, in request) (map[string]any, error) {
	var urls []string
	for _, q := range c.queues.all() {
		if strings.HasPrefix(q.name, in.text("QueueNamePrefix")) {
			urls = append(urls, c.queueURL(q, in.Region))
		}
	}
	return map[string]any{"QueueUrls": anyTexts(urls)}, nil
}

func setQueueAttributes(c *Cloud, in request) (map[string]any, error) {
	q, err := c.queue(in, in.text("QueueUrl"))
	if err != nil {
		return nil, err
	}
	return nil, q.setAttributes(in)
}

func getQueueAttributes(c *Cloud, in request) (map[string]any, error) {
	q, err := c.queue(in, in.text("QueueUrl"))
	if err != nil {
		return nil, err
	}
	all := map[string]string{"QueueArn": c.arn("sqs", in.Region, q.name), "CreatedTimestamp": strconv.FormatInt(q.created.Unix(), 10),
		"LastModifiedTimestamp":       strconv.FormatInt(q.created.Unix(), 10),
		"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0"}
	for name, value := range q.attributes {
		if value != "" {
			all[name] = value
		}
	}
	wanted := in.texts("AttributeNames")
	out := map[string]any{}
	for name, value := range all {
		if slices.Contains(wanted, "All") || slices.Contains(wanted, name) {
			out[name] = value
		}
	}
	for _, name := range wanted {
		_, read := all[name]
		if _, set := queueAttributes()[name]; !read && !set && name != "All" {
			return nil, in.fail("InvalidAttributeName", "Unknown Attribute %s.", brief(name))
		}
	}
	return map[string]any{"Attributes": out}, nil
}

// placeStorage puts a bucket and a queue into the world.
func (c *Cloud) placeStorage(now time.Time) {
	c.buckets.put("local-data", &bucket{name: "local-data", region: c.options.Region, created: now.UTC().Truncate(time.Second),
		encryption: plainEncryption()})
	c.queues.put("local-jobs", &queue{name: "local-jobs", attributes: queueAttributes(), created: now})
}
