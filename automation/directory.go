package automation

import (
	"context"

	"handrail/policy"
)

// Directory asks the workspace about people and places. A failed look-up returns an error and the
// zero standing, which the policy refuses. Answers may be up to 60 seconds old.
type Directory interface {
	Actor(ctx context.Context, team, user string) (policy.Actor, error)
	Channel(ctx context.Context, id string) (policy.Channel, error)
}
