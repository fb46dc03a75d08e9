package queue

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// attributes are what a queue can be set to.
type attributes struct {
	visibility, retention, delay, wait time.Duration
	maxSize                            int
	// policy is kept and not looked at, and so is how messages are encrypted: with a key, or else by SQS or not at all.
	policy, key string
	keyReuse    time.Duration
	managed     bool
}

func defaultAttributes() attributes {
	return attributes{keyReuse: 5 * time.Minute, visibility: 30 * time.Second, retention: 4 * 24 * time.Hour, maxSize: maxMessageSize}
}

// maxMessageSize is what was long the most that SQS took. It takes 1 MiB now; here that is the most of a whole request.
const maxMessageSize = 256 << 10

// setting is one attribute that can be set, with its limits from the API reference of SetQueueAttributes.
type setting struct {
	least, most int
	get         func(attributes) int
	set         func(*attributes, int)
}

func seconds(field func(*attributes) *time.Duration, least, most int) setting {
	return setting{least: least, most: most,
		get: func(a attributes) int { return int(*field(&a) / time.Second) },
		set: func(a *attributes, n int) { *field(a) = time.Duration(n) * time.Second }}
}

func settings() map[string]setting {
	return map[string]setting{
		"VisibilityTimeout":             seconds(func(a *attributes) *time.Duration { return &a.visibility }, 0, maxVisibility),
		"MessageRetentionPeriod":        seconds(func(a *attributes) *time.Duration { return &a.retention }, 60, 1_209_600),
		"DelaySeconds":                  seconds(func(a *attributes) *time.Duration { return &a.delay }, 0, maxDelay),
		"ReceiveMessageWaitTimeSeconds": seconds(func(a *attributes) *time.Duration { return &a.wait }, 0, maxWait),
		attributeKeyReuse:               seconds(func(a *attributes) *time.Duration { return &a.keyReuse }, 60, 86_400),
		"MaximumMessageSize":            {1024, maxMessageSize, func(a attributes) int { return a.maxSize }, func(a *attributes, n int) { a.maxSize = n }},
	}
}

const (
	attributePolicy   = "Policy"
	attributeKey      = "KmsMasterKeyId"
	attributeKeyReuse = "KmsDataKeyReusePeriodSeconds"
	attributeManaged  = "SqsManagedSseEnabled"
)

// setText sets an attribute that is no number, and says whether it is one that can have this value.
func (a *attributes) setText(name, value string) (known, valid bool) {
	switch name {
	case attributePolicy:
		a.policy = value
	case attributeKey:
		if a.key = value; value != "" {
			a.managed = false
		}
	case attributeManaged:
		managed, err := strconv.ParseBool(strings.ToLower(value))
		if err != nil {
			return true, false
		}
		if a.managed = managed; managed {
			a.key = ""
		}
	default:
		return false, false
	}
	return true, true
}

// with gives the attributes with some of them set, or what is wrong with those.
func (a attributes) with(given map[string]string) (attributes, *Error) {
	known := settings()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if known, valid := a.setText(name, given[name]); valid {
			continue
		} else if known {
			return a, refuse(codeAttributeValue, "Invalid value for the parameter %s.", name)
		}
		s, ok := known[name]
		if !ok {
			return a, refuse(codeAttributeName, "Unknown Attribute %s.", name)
		}
		n, err := strconv.Atoi(given[name])
		if err != nil || n < s.least || n > s.most {
			return a, refuse(codeAttributeValue, "Invalid value for the parameter %s.", name)
		}
		s.set(&a, n)
	}
	return a, nil
}

// differs names the first attribute whose value is another one, "" if there is none.
func (a attributes) differs(given map[string]string) string {
	have := a.texts()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if have[name] != given[name] {
			return name
		}
	}
	return ""
}

func (a attributes) texts() map[string]string {
	out := map[string]string{}
	for name, s := range settings() {
		out[name] = strconv.Itoa(s.get(a))
	}
	if a.policy != "" {
		out[attributePolicy] = a.policy
	}
	out[attributeManaged] = strconv.FormatBool(a.managed)
	if out[attributeKey] = a.key; a.key == "" {
		delete(out, attributeKey)
		delete(out, attributeKeyReuse)
	}
	return out
}

// describe gives everything that GetQueueAttributes can tell.
func (q *store) describe(arn string) map[string]string {
	visible, hidden, delayed := q.counts()
	q.mu.Lock()
	defer q.mu.Unlock()
	out := q.attributes.texts()
	out["ApproximateNumberOfMessages"] = strconv.Itoa(visible)
	out["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(hidden)
	out["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(delayed)
	out["CreatedTimestamp"] = strconv.FormatInt(q.created.Unix(), 10)
	out["LastModifiedTimestamp"] = strconv.FormatInt(q.modified.Unix(), 10)
	out["QueueArn"] = arn
	return out
}

// allAttributes are the names that can be asked for; those that are not set are left out of the answer.
func allAttributes() []string {
	return []string{"All", "Policy", "VisibilityTimeout", "MaximumMessageSize", "MessageRetentionPeriod", "ApproximateNumberOfMessages",
		"ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn", "ApproximateNumberOfMessagesDelayed",
		"DelaySeconds", "ReceiveMessageWaitTimeSeconds", "RedrivePolicy", "FifoQueue", "ContentBasedDeduplication", "KmsMasterKeyId",
		"KmsDataKeyReusePeriodSeconds", "DeduplicationScope", "FifoThroughputLimit", "RedriveAllowPolicy", "SqsManagedSseEnabled"}
}
