package queue

import (
	"crypto/rand"
	"encoding/base64"
	"strings"

	"github.com/google/uuid"
)

// newReceipt names one receipt of a message.
func newReceipt(id string) string {
	return base64.StdEncoding.EncodeToString([]byte(id + " " + rand.Text()))
}

// receiptID gives the message's ID out of a receipt; false for what is none.
func receiptID(receipt string) (string, bool) {
	text, err := base64.StdEncoding.DecodeString(receipt)
	if err != nil {
		return "", false
	}
	id, _, ok := strings.Cut(string(text), " ")
	return id, ok && uuid.Validate(id) == nil
}

func badReceipt(receipt string) *Error {
	if len(receipt) > 100 {
		receipt = strings.ToValidUTF8(receipt[:100], "") + "…"
	}
	return refuse(codeReceipt, "The input receipt handle \"%s\" is not a valid receipt handle.", receipt)
}
