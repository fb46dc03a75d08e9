package cloud

import (
	"container/heap"
	"time"
)

// agenda is what will happen by itself, soonest first. Nothing runs in between: whoever looks at the world first lets
// happen what is due.
type agenda struct {
	entries []entry
	count   int64
}

type entry struct {
	at     time.Time
	number int64 // breaks ties in the order of planning
	do     func(at time.Time)
}

func (a *agenda) Len() int { return len(a.entries) }
func (a *agenda) Less(i, j int) bool {
	x, y := a.entries[i], a.entries[j]
	return x.at.Before(y.at) || x.at.Equal(y.at) && x.number < y.number
}
func (a *agenda) Swap(i, j int) { a.entries[i], a.entries[j] = a.entries[j], a.entries[i] }
func (a *agenda) Push(x any)    { a.entries = append(a.entries, x.(entry)) }
func (a *agenda) Pop() any {
	last := a.entries[len(a.entries)-1]
	a.entries[len(a.entries)-1] = entry{}
	a.entries = a.entries[:len(a.entries)-1]
	return last
}

// plan lets something happen at a time. The cloud is locked, then and when it happens.
func (c *Cloud) plan(at time.Time, do func(at time.Time)) {
	c.agenda.count++
	heap.Push(&c.agenda, entry{at: at, number: c.agenda.count, do: do})
}

// advance lets happen what is due. The cloud is locked.
func (c *Cloud) advance(now time.Time) {
	for c.agenda.Len() > 0 && !c.agenda.entries[0].at.After(now) {
		next := heap.Pop(&c.agenda).(entry)
		next.do(next.at)
	}
}

// state is one that may pass into another by itself.
type state struct {
	name string
	turn int // of changes; what was planned for an older one does not happen
}

// set ends whatever the state would have become.
func (s *state) set(name string) {
	s.name = name
	s.turn++
}

// pass puts s into a passing state that becomes another after a while; then runs then, if there is one.
func (c *Cloud) pass(s *state, through string, now time.Time, while time.Duration, to string, then func(at time.Time)) {
	s.set(through)
	turn := s.turn
	c.plan(now.Add(while), func(at time.Time) {
		if s.turn != turn {
			return
		}
		s.set(to)
		if then != nil {
			then(at)
		}
	})
}

// Changes gives what is closed at the next change that someone makes, and when something changes by itself, zero if
// nothing will. Take it before looking at the cloud, and no change is missed.
func (c *Cloud) Changes() (changed <-chan struct{}, next time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(time.Now())
	if c.agenda.Len() > 0 {
		next = c.agenda.entries[0].at
	}
	return c.changed, next
}

// touch tells those who wait that someone changed something. The cloud is locked.
func (c *Cloud) touch() {
	close(c.changed)
	c.changed = make(chan struct{})
}
