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
	if kind, session, ok := strings.Cut(parts[5], "/"); ok && kind == "assumed-role" {
		id = "AROA0LOCAL" + session[strings.Index(session, "/"):]
		if !strings.Contains(session, "/") {
			id = "AROA0LOCAL"
		}
	}
	return map[string]any{"UserId": id, "Account": parts[4], "Arn": arn}, nil
}
