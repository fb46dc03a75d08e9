// Package slackserver is a Slack workspace on loopback: the Web API, Socket
// Mode, signed HTTP callbacks, response URLs and a web page, for tests, demos
// and the development of any Slack app.
//
// It speaks Slack's wire, so an unchanged client talks to it when given another
// base URL. It refuses what Slack refuses, answers unknown methods loudly, keeps
// a bounded record of every call, and injects faults on request.
//
// Routes:
//
//	/api/METHOD                     the Web API; GET /control/coverage lists the methods
//	/link/                          Socket Mode
//	/commands/…, /actions/…         response URLs
//	/                               the page
//	POST /control/command           {"user","channel","command","text"}
//	POST /control/message           {"user","channel","text","thread_ts"?}
//	POST /control/action            {"user","channel","message_ts","action_id","value"?}
//	POST /control/submit            {"user","view_id","values":{block_id:{action_id:value}}}
//	POST /control/close             {"user","view_id"}
//	POST /control/options           {"user","channel"+"message_ts" or "view_id","action_id","value"}
//	POST /control/home              {"user"}: opens the app's Home tab
//	POST /control/users, /channels  change flags at run time
//	POST /control/disconnect        {"reason":"drop"|"refresh_requested"|…,"count"?}
//	POST /control/verify            sends url_verification to the events URL
//	POST /control/faults            {"match","times","error","status","retry_after","delay_ms","drop_reply"} or {"reset":true}
//	POST /control/reset             forgets messages, forms, calls and faults
//	GET  /control/messages          ?channel=ops&user=ana[&thread_ts=…]
//	GET  /control/calls             [?method=chat.update]
//
// Commands, messages, clicks and forms take "team" and "app" to forge a payload
// from elsewhere, "redeliver":N to send the same delivery N more times, and
// "force":true to send what the person could not have done. People and channels
// go by name or ID. Errors are {"ok":false,"error":…}, as the Web API's.
//
// It knows nothing of the app that it serves and imports nothing of it. It is
// not a sandbox: whoever reaches its control routes can act as any person, so it
// is meant for loopback. Browser requests from other origins are refused.
package slackserver
