// Package commands is what people can ask: the grammar, and one file per command. It turns an
// Invocation into an Answer, through the engine's door for whatever acts. It knows no Slack type, no
// SQL and no AWS.
package commands
