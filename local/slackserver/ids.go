package slackserver

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"
)

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// newID returns prefix and ten random characters, in the form of Slack's IDs.
func newID(prefix string) string { return prefix + randomFrom(idAlphabet, 10) }

func randomToken(n int) string {
	return randomFrom("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", n)
}

func randomFrom(alphabet string, n int) string {
	raw := randomBytes(n)
	for i, b := range raw {
		raw[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(raw)
}

func randomHex(n int) string { return hex.EncodeToString(randomBytes(n)) }

func randomBytes(n int) []byte {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // documented never to return an error
	return raw
}

// stamps hands out message timestamps, each later than the one before.
type stamps struct {
	mu   sync.Mutex
	last int64
	now  func() time.Time
}

// next returns a ts such as 1700000000.000100, unique on this server.
func (s *stamps) next() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	micros := max(s.now().UnixMicro(), s.last+1)
	s.last = micros
	return formatTS(micros)
}

func formatTS(micros int64) string {
	return fmt.Sprintf("%010d.%06d", micros/1e6, micros%1e6)
}
