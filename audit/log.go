package audit

import "context"

// Log is a log as a store keeps it: what it returns may have been tampered with.
type Log interface {
	// Head returns what the store says of the log as a whole, at one moment.
	Head(ctx context.Context) (Head, error)
	// Entries calls f with each entry from from up to before to, in their order. Missing ones are left out. What it gives
	// f is valid until f returns. It ends with the first error of f.
	Entries(ctx context.Context, from, to int64, f func(*Stored) error) error
	// Node returns the hashes of one entry, "" if there is no such entry.
	Node(ctx context.Context, seq int64) (leaf, node string, err error)
}

// Head is what a store says of the log as a whole.
type Head struct {
	Size     int64
	Edge     string
	Missing  bool     // there is none
	First    int64    // lowest place of an entry; 0 if there is none
	Next     int64    // one more than the highest place of an entry; 0 if there is none
	Problems []string // what stands beside the log and should not, in sentences
}

// Stored is an entry as it stands in a store.
type Stored struct {
	Entry
	Leaf    string // hash of the entry
	Node    string // hash of the largest whole subtree that it ends
	Problem string // what the store found wrong with it, such as a record that says something else; "" for nothing
}
