package cloud

import (
	"regexp"
	"slices"
	"time"
)

func bucketOperations() []operation {
	const wire = "in process only"
	return []operation{
		{name: "s3.CreateBucket", run: createBucket, note: wire + "; keeps nothing but the name"},
		{name: "s3.DeleteBucketEncryption", run: deleteBucketEncryption, note: wire},
		{name: "s3.GetBucketEncryption", run: getBucketEncryption, note: wire},
		{name: "s3.ListBuckets", run: listBuckets, note: wire},
		{name: "s3.PutBucketEncryption", run: putBucketEncryption, note: wire},
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

// placeBucket puts a bucket into the world.
func (c *Cloud) placeBucket(now time.Time) {
	c.buckets.put("local-data", &bucket{name: "local-data", region: c.options.Region, created: now.UTC().Truncate(time.Second), encryption: plainEncryption()})
}
