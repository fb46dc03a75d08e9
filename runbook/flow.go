package runbook

import (
	"slices"
)

// block is a list of steps that follow one another: the document's own, or those of a loop.
type block struct {
	steps []Step
	index map[string]int
	// outer is the block around a loop's, and owner that loop; both nil for the document's own.
	outer *block
	owner *Step
}

func newBlock(steps []Step, outer *block, owner *Step) *block {
	b := &block{steps: steps, index: make(map[string]int, len(steps)), outer: outer, owner: owner}
	for i := range steps {
		b.index[steps[i].Name] = i
	}
	return b
}

// find looks for a step as a jump in this block does: here, then in the blocks around.
func (b *block) find(name string) *Step {
	for ; b != nil; b = b.outer {
		if i, ok := b.index[name]; ok {
			return &b.steps[i]
		}
	}
	return nil
}

// flow is which step can follow which, in the whole document.
type flow struct {
	blocks []*block
	home   map[*Step]*block
	byName map[string]*Step
	next   map[*Step][]*Step
	number map[*Step]int
	// reach remembers what can run after a step.
	reach map[*Step]stepSet
}

// stepSet has a bit for each step by its number.
type stepSet []uint64

func (s stepSet) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s stepSet) add(i int) { s[i/64] |= 1 << (i % 64) }

func (d *Document) flow() *flow {
	f := &flow{home: map[*Step]*block{}, byName: map[string]*Step{}, next: map[*Step][]*Step{}, number: map[*Step]int{},
		reach: map[*Step]stepSet{}}
	f.add(newBlock(d.Steps, nil, nil))
	for _, b := range f.blocks {
		for i := range b.steps {
			f.next[&b.steps[i]] = f.edges(b, i)
		}
	}
	return f
}

func (f *flow) add(b *block) {
	f.blocks = append(f.blocks, b)
	for i := range b.steps {
		s := &b.steps[i]
		f.home[s], f.number[s] = b, len(f.number)
		if _, taken := f.byName[s.Name]; !taken {
			f.byName[s.Name] = s
		}
		if len(s.Steps) > 0 {
			f.add(newBlock(s.Steps, b, s))
		}
	}
}

// edges lists the steps that can come right after the one at i.
func (f *flow) edges(b *block, i int) []*Step {
	s := &b.steps[i]
	var out []*Step
	add := func(next *Step) {
		if next != nil && !slices.Contains(out, next) {
			out = append(out, next)
		}
	}
	for _, j := range s.jumps() {
		add(b.find(j.target))
	}
	if s.goesOn() && s.NextStep == "" || s.OnFailure == "Continue" && s.NextStep == "" && !s.IsEnd {
		if i+1 < len(b.steps) {
			add(&b.steps[i+1])
		} else if b.owner != nil {
			add(&b.steps[0]) // the next turn
			add(b.owner)     // what follows the loop
		}
	}
	if s.IsEnd && b.owner != nil {
		add(b.owner)
	}
	if len(s.Steps) > 0 {
		add(&s.Steps[0])
	}
	return out
}

// after says whether to can run after from has.
func (f *flow) after(from, to *Step) bool {
	seen := f.reach[from]
	if seen == nil {
		seen = f.from(f.next[from])
		f.reach[from] = seen
	}
	return seen.has(f.number[to])
}

// from gives every step that can be reached from some, themselves included.
func (f *flow) from(steps []*Step) stepSet {
	seen := make(stepSet, len(f.number)/64+1)
	queue := slices.Clone(steps)
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if !seen.has(f.number[s]) {
			seen.add(f.number[s])
			queue = append(queue, f.next[s]...)
		}
	}
	return seen
}

// inside says whether s is one of the loop's steps, at any depth.
func (f *flow) inside(s, loop *Step) bool {
	for b := f.home[s]; b != nil; b = b.outer {
		if b.owner == loop {
			return true
		}
	}
	return false
}
