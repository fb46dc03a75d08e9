package script

import "sync"

// output keeps the first bytes of what a program writes, and says so once there are more.
type output struct {
	limit int
	full  func()

	mu   sync.Mutex
	kept []byte
}

// Write never fails, so that the program does not block before it is stopped.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	room := o.limit - len(o.kept)
	if len(p) <= room {
		o.kept = append(o.kept, p...)
		return len(p), nil
	}
	o.kept = append(o.kept, p[:room]...)
	o.full()
	return len(p), nil
}

func (o *output) bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.kept
}
