package ssmserver

import (
	"encoding/base64"
	"fmt"
	"math"
	"sort"
	"strings"
)

// pageSize is the default and the most of every list.
const pageSize = 50

// paginate cuts the next page out of items, which are sorted by key, rising and unique. The token holds the last key of
// the page before, so that new and vanished items do not shift the pages.
func paginate[T any](items []T, size int, token, list string, key func(T) string) (page []T, next string, err error) {
	if size == 0 {
		size = pageSize
	}
	if token != "" {
		after, ok := readToken(token, list)
		if !ok {
			return nil, "", refuse(codeInvalidToken, "The specified token isn't valid.")
		}
		items = items[sort.Search(len(items), func(i int) bool { return key(items[i]) > after }):]
	}
	if len(items) <= size {
		return items, "", nil
	}
	page = items[:size]
	return page, base64.URLEncoding.EncodeToString([]byte(list + ":" + key(page[size-1]))), nil
}

func readToken(token, list string) (string, bool) {
	text, err := base64.URLEncoding.DecodeString(token)
	if err != nil {
		return "", false
	}
	return strings.CutPrefix(string(text), list+":")
}

// rising and falling make keys out of numbers from 0.
func rising(n int64) string { return fmt.Sprintf("%019d", n) }

func falling(n int64) string { return rising(math.MaxInt64 - n) }
