package slackserver

// maxChannelBytes bounds what the messages of one channel may hold together.
const maxChannelBytes = 64 << 20

// size is about what m holds in memory.
func (m *message) size() int {
	return 256 + len(m.text) + len(m.blocks) + len(m.attach) + len(m.metadata)
}

// find returns the message, or nil. The caller holds mu.
func (w *workspace) find(channelID, ts string) *message {
	c := w.byID[channelID]
	if c == nil {
		return nil
	}
	return c.byTS[ts]
}

// add stores m in its channel and thread, and drops the oldest messages above
// the bound. The caller holds mu for writing.
func (w *workspace) add(c *channel, m *message) {
	m.channel = c.ID
	c.messages = append(c.messages, m)
	c.byTS[m.ts] = m
	c.bytes += m.size()
	if m.threadTS != "" && m.threadTS != m.ts {
		if root := c.byTS[m.threadTS]; root != nil {
			root.replies = append(root.replies, m)
			if m.onlyFor == "" {
				root.threadTS = root.ts
			}
		}
	}
	if len(c.messages) > w.max {
		w.forget(c, len(c.messages)-w.max*9/10)
	}
	if c.bytes > maxChannelBytes {
		w.forget(c, (len(c.messages)+9)/10)
	}
}

// forget drops the n oldest messages. The caller holds mu for writing.
func (w *workspace) forget(c *channel, n int) {
	for _, m := range c.messages[:n] {
		delete(c.byTS, m.ts)
		c.bytes -= m.size()
	}
	c.messages = append([]*message(nil), c.messages[n:]...)
}

// remove deletes m. The caller holds mu for writing.
func (w *workspace) remove(m *message) {
	c := w.byID[m.channel]
	delete(c.byTS, m.ts)
	c.bytes -= m.size()
	c.messages = without(c.messages, m)
	if root := c.byTS[m.threadTS]; root != nil && root != m {
		root.replies = without(root.replies, m)
	}
}

func without(list []*message, gone *message) []*message {
	kept := make([]*message, 0, len(list))
	for _, m := range list {
		if m != gone {
			kept = append(kept, m)
		}
	}
	return kept
}

// topLevel says whether m stands in the channel itself, not only in a thread.
func (m *message) topLevel() bool {
	return m.threadTS == "" || m.threadTS == m.ts || m.broadcast
}

// seenBy says whether the person sees m; an empty ID sees what all see.
func (m *message) seenBy(userID string) bool {
	return m.onlyFor == "" || m.onlyFor == userID
}

// visible lists what the person sees: the channel, or one thread of it with its
// root first. The caller holds mu.
func (c *channel) visible(userID, threadTS string) []*message {
	var out []*message
	if threadTS == "" {
		for _, m := range c.messages {
			if m.topLevel() && m.seenBy(userID) {
				out = append(out, m)
			}
		}
		return out
	}
	root := c.byTS[threadTS]
	if root == nil {
		return nil
	}
	if root.seenBy(userID) {
		out = append(out, root)
	}
	for _, m := range root.replies {
		if m.seenBy(userID) {
			out = append(out, m)
		}
	}
	return out
}

// replace gives m new content: metadata and attachments stay where none are
// given, blocks go when only text comes (docs.slack.dev, chat.update). The
// caller holds mu for writing.
func (w *workspace) replace(m *message, body content) {
	c := w.byID[m.channel]
	c.bytes -= m.size()
	m.text, m.blocks = body.text, body.blocks
	if body.attachmentsGiven {
		m.attach = body.attachments
	}
	if body.metadataGiven {
		m.metadata = body.metadata
	}
	c.bytes += m.size()
}
