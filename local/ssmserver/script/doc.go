// Package script runs Python programs: a script to its handler's return value, and a worker that answers requests for as
// long as it lives. Each program runs in a process group of its own, with an environment that holds what it was given and
// nothing of ours, and is gone when its caller says so. The package knows nothing of runbooks, of SSM and of AWS.
//
// It is not a sandbox. A program runs with the rights of the user who runs us: it can read that user's files and open
// connections. The limits are there for programs that go wrong, not for those that mean harm: a process that leaves its
// group and empties its environment is not found again. On Linux, what left the group alone is.
package script
