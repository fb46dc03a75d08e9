// Package slackserver is a Slack workspace on loopback: the Web API, Socket
// Mode, signed HTTP callbacks, response URLs and a web page, for tests, demos
// and the development of any Slack app.
//
// It speaks Slack's wire, so an unchanged client talks to it when given another
// base URL. It refuses what Slack refuses, answers unknown methods loudly, keeps
// a bounded record of every call, and injects faults on request.
//
// It knows nothing of the app that it serves and imports nothing of it. It is
// not a sandbox: whoever reaches its control routes can act as any person, so it
// is meant for loopback. Browser requests from other origins are refused.
package slackserver
