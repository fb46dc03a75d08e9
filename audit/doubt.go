package audit

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"
)

// doubt is a hash that may not be known.
type doubt struct {
	hash Hash
	sure bool
}

// doubtful is the right edge of a tree in which hashes are missing.
type doubtful struct {
	size  int64
	right []doubt
}

// next returns what append with this leaf would find for the largest whole subtree that the leaf ends.
func (t *doubtful) next(leaf doubt) doubt {
	node := leaf
	for n, last := t.size, len(t.right)-1; n&1 == 1; n, last = n>>1, last-1 {
		node = join(t.right[last], node)
	}
	return node
}

// append adds a leaf whose largest whole subtree has the hash node. If node is not sure, it is made from the hashes before.
func (t *doubtful) append(leaf, node doubt) {
	if !node.sure {
		node = t.next(leaf)
	}
	for n := t.size; n&1 == 1; n >>= 1 {
		t.right = t.right[:len(t.right)-1]
	}
	t.right = append(t.right, node)
	t.size++
}

func (t *doubtful) root() doubt {
	if t.size == 0 {
		return doubt{sha256.Sum256(nil), true}
	}
	root := t.right[len(t.right)-1]
	for i := len(t.right) - 2; i >= 0; i-- {
		root = join(t.right[i], root)
	}
	return root
}

func join(left, right doubt) doubt {
	if !left.sure || !right.sure {
		return doubt{}
	}
	return doubt{tlog.NodeHash(left.hash, right.hash), true}
}

// fits says whether nothing known contradicts the other edge.
func (t *doubtful) fits(other *Tree) bool {
	for i, d := range t.right {
		if d.sure && d.hash != other.right[i] {
			return false
		}
	}
	return true
}

// known is the tree without doubts, nil if there are any.
func (t *doubtful) known() *Tree {
	tree := &Tree{size: t.size}
	for _, d := range t.right {
		if !d.sure {
			return nil
		}
		tree.right = append(tree.right, d.hash)
	}
	return tree
}
