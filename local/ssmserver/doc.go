// Package ssmserver is SSM Automation on loopback, with a small EC2 fleet to act on. It speaks AWS JSON 1.1 as the real
// service does, so that the AWS CLI and the SDKs talk to it with nothing but another endpoint, and it really runs
// runbooks of schemaVersion 0.3 over its fleet. It knows nothing of Handrail but the package runbook: no Slack, no
// policy, no store.
//
// Where the behaviour of the real service is not documented, the choice made here is one row of the assumptions in
// assumptions.go.
//
// Beside POST /, scripts have these routes, for loopback only:
//
//	GET    /control/calls[?operation=NAME]  every recorded call, oldest first
//	GET    /control/aws-calls[?execution=ID] the AWS operations that steps called, and as whom, oldest first
//	POST   /control/faults                  a fault to inject; see Fault
//	DELETE /control/faults                  forget the faults that are left
//	GET    /control/instances               the fleet with its states
//	POST   /control/instances               {"id","state"}: put an instance into a state, for good if it is a passing one
//	GET    /control/coverage                operations, actions and assumptions
package ssmserver
