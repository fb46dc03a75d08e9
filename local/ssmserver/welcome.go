package ssmserver

import (
	"fmt"
	"net/http"
)

// welcome tells whoever opens the address in a browser what is here.
func (s *Server) welcome(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, `Handrail's local SSM

This is an endpoint for the AWS CLI and SDKs, for account %s. They POST to /, such as:

  aws ssm list-documents --endpoint-url http://%s

Events of automations, as EventBridge sends them, wait in this queue of SQS:

  %s

Scripts look in and make trouble here:

  GET    /control/calls?operation=NAME   what was called, oldest first
  GET    /control/aws-calls?execution=ID which AWS operations the steps called, and as whom
  POST   /control/faults                 {"match":"StartAutomationExecution","times":1,"error":"ThrottlingException"}
                                         {"match":"event","times":3,"drop_reply":true}
  DELETE /control/faults                 forgets the faults that wait
  GET    /control/instances              the fleet
  POST   /control/instances              {"id":"i-0aaaaaaaaaaaaaaa1","state":"stopped"}
  GET    /control/coverage               which operations and actions there are, and what is assumed
`, s.options.Account, r.Host, s.EventQueueURL("http://"+r.Host)) // a caller who left is not the server's problem
}
