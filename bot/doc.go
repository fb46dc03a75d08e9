// Package bot is the Slack edge: payloads in, blocks and threads out. It verifies what Slack
// delivers, turns it into a commands.Invocation, acknowledges once the commander has answered,
// and shows every execution in its thread, as the stored row says.
//
// It is the only package that names slack-go. It decides nothing: who may do what is the policy's
// business, and what an execution does is the engine's. Nothing that a message, a button or a form
// says about state is believed; the row is read again.
//
// What it promises: an acknowledged payload has been answered by the commander; the same payload
// delivered twice reaches the commander with the same key; messages are sent at least once and
// converge to the newest row. It does not promise that a message is sent once only: after an
// unclear failure it looks the message up by its metadata, and sends it again if it may not look.
package bot
