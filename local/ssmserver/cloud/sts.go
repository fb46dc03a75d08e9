package cloud

import "strings"

func identityOperations() []operation {
	return []operation{{name: "sts.GetCallerIdentity", run: callerIdentity}}
}

func callerIdentity(c *Cloud, in request) (map[string]any, error) {
	arn := in.Caller
	if arn == "" {
		return nil, in.failStatus(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return map[string]any{"UserId": arn, "Account": c.options.Account, "Arn": arn}, nil
	}
	id := "AIDA0LOCAL"
	if role, ok := strings.CutPrefix(parts[5], "assumed-role/"); ok {
		id = "AROA0LOCAL"
		if _, session, ok := strings.Cut(role, "/"); ok {
			id += ":" + session // as STS has it: the role's ID, a colon, the session's name
		}
	}
	return map[string]any{"UserId": id, "Account": parts[4], "Arn": arn}, nil
}
