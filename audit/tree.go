package audit

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/bits"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Tree is the right edge of a Merkle tree (RFC 6962): all that is needed to append to it and to tell its root. The zero
// Tree is empty.
type Tree struct {
	size  int64
	right []Hash // of the whole subtrees, from the left: one for each bit of size
}

// Size is how many leaves the tree has.
func (t *Tree) Size() int64 { return t.size }

// Append adds a leaf. It returns the hash of the largest whole subtree that the leaf ends, which is the leaf itself at even
// places: from these alone Nodes reads any hash of the tree.
func (t *Tree) Append(leaf Hash) Hash {
	node := leaf
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.right) - 1
		node = tlog.NodeHash(t.right[last], node)
		t.right = t.right[:last]
	}
	t.right = append(t.right, node)
	t.size++
	return node
}

// Root is the hash of the whole tree.
func (t *Tree) Root() Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	root := t.right[len(t.right)-1]
	for i := len(t.right) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.right[i], root)
	}
	return root
}

// Clone returns a copy that can be appended to apart.
func (t *Tree) Clone() *Tree { return &Tree{size: t.size, right: append([]Hash(nil), t.right...)} }

// Edge is the right edge as text: hashes in base64, from the left, with a space between them.
func (t *Tree) Edge() string {
	var b strings.Builder
	for i, h := range t.right {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(h.String())
	}
	return b.String()
}

// ReadTree is the reverse of Size and Edge. It knows only whether they can belong together, not whether they are right.
func ReadTree(size int64, edge string) (*Tree, error) {
	if size < 0 {
		return nil, errors.New("the size is negative")
	}
	t := &Tree{size: size, right: make([]Hash, 0, 20)}
	for text := range strings.FieldsSeq(edge) {
		h, err := tlog.ParseHash(text)
		if err != nil {
			return nil, errors.New("its edge holds something that is no hash")
		}
		t.right = append(t.right, h)
	}
	if want := bits.OnesCount64(uint64(size)); len(t.right) != want {
		return nil, fmt.Errorf("a log of %d entries has %d hashes at its edge, and there are %d", size, want, len(t.right))
	}
	return t, nil
}
