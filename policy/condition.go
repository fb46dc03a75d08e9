package policy

// Condition is an expression in CEL that a request meets or not. One that cannot be evaluated, or that costs too much,
// is not met by a grant and is met by a denial.
type Condition struct {
	Source string // as the file has it
}
