package ssmserver

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
)

// Call is one request as it came and the answer it got.
type Call struct {
	Time      time.Time       `json:"time"`
	Operation string          `json:"operation"`
	Request   json.RawMessage `json:"request"`
	// Status is 0 if the connection was cut instead of answering.
	Status   int             `json:"status"`
	Response json.RawMessage `json:"response"`

	number int64
}

func (c Call) size() int { return len(c.Request) + len(c.Response) }

const (
	maxCalls     = 5_000
	maxCallBytes = 8 << 20
)

// calls remembers the newest calls of each operation of SSM and of each other service, so that a busy poller does not push out the starts.
type calls struct {
	mu   sync.Mutex
	next int64
	kept map[string]*callList
}

type callList struct {
	calls   []Call
	bytes   int
	evicted int
}

// add keeps a call in one of the lists; see wireCall.list for their names.
func (c *calls) add(call Call, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[string]*callList{}
	}
	if c.kept[name] == nil {
		c.kept[name] = &callList{}
	}
	list := c.kept[name]
	c.next++
	call.number = c.next
	list.calls, list.bytes = append(list.calls, call), list.bytes+call.size()
	for len(list.calls) > maxCalls || list.bytes > maxCallBytes {
		list.bytes -= list.calls[0].size()
		list.calls[0] = Call{}
		list.calls, list.evicted = list.calls[1:], list.evicted+1
	}
}

// list gives the calls of one operation, or of all if the name is "", oldest first, and how many older ones are gone
// from the same lists.
func (c *calls) list(operation string) (out []Call, evicted int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out = []Call{}
	for name, list := range c.kept {
		if shared := name == "" || strings.HasSuffix(name, "."); operation != "" && name != operation && (!shared || !strings.HasPrefix(operation, name)) {
			continue
		}
		evicted += list.evicted
		for _, call := range list.calls {
			if operation == "" || call.Operation == operation {
				out = append(out, call)
			}
		}
	}
	slices.SortFunc(out, func(a, b Call) int { return cmp.Compare(a.number, b.number) })
	return out, evicted
}
