package slackserver

import "fmt"

// apiError is a refusal in Slack's spelling.
type apiError struct {
	code     string
	messages []string       // response_metadata.messages
	extra    map[string]any // further fields beside error
}

func (e *apiError) Error() string { return e.code }

func refuse(code string) error { return &apiError{code: code} }

// badArgument is invalid_arguments with Slack's explanation of one field.
func badArgument(field, why string) error {
	return &apiError{
		code:     "invalid_arguments",
		messages: []string{fmt.Sprintf("[ERROR] %s [json-pointer:/%s]", why, field)},
	}
}

func missing(field string) error {
	return &apiError{
		code:     "invalid_arguments",
		messages: []string{"[ERROR] missing required field: " + field},
	}
}
