package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// File is a file that checkpoints are appended to. Keep it on another disk than the store, or copy it elsewhere.
type File string

// String is the file's path.
func (f File) String() string { return string(f) }

// Publish appends a checkpoint and an empty line, and syncs. It writes nothing behind a checkpoint that was cut short.
func (f File) Publish(_ context.Context, _ *Tree, signed []byte) (err error) {
	file, err := os.OpenFile(string(f), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644) //nolint:gosec // checkpoints are public
	if err != nil {
		return fmt.Errorf("opening the checkpoints: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("reading the checkpoints: %w", err)
	}
	if last := make([]byte, 2); end > 0 {
		if _, err := file.ReadAt(last, max(0, end-2)); err != nil || string(last) != "\n\n" {
			return errors.Join(fmt.Errorf("%s ends in the middle of a checkpoint: take its last lines out", f), err)
		}
	}
	if _, err := file.Write(append(append([]byte(nil), signed...), '\n')); err != nil {
		return fmt.Errorf("writing a checkpoint: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("writing a checkpoint: %w", err)
	}
	return nil
}

// Poster writes a message to a channel, as text without markup.
type Poster interface {
	Post(ctx context.Context, channel, text string) error
}

// Channel posts checkpoints to a chat channel, where whoever can write to the store cannot change them.
type Channel struct {
	Poster Poster
	ID     string
}

// String is the channel's ID.
func (c Channel) String() string { return c.ID }

// Publish posts a checkpoint and nothing else, so that it can be copied into a file as it stands.
func (c Channel) Publish(ctx context.Context, _ *Tree, signed []byte) error {
	if err := c.Poster.Post(ctx, c.ID, string(signed)); err != nil {
		return fmt.Errorf("posting a checkpoint: %w", err)
	}
	return nil
}
