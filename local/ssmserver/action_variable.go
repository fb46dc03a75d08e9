package ssmserver

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// maxVariable bounds one value in bytes of JSON, so that a loop that doubles a variable ends in a failure. It is the
// limit of a script's output.
const maxVariable = 100 << 10

func updateVariableAction() action {
	return action{name: "aws:updateVariable", run: runUpdateVariable, verifying: "updating the variable",
		note: "Name variable:NAME; the Value must have the variable's type, and at most 100 KB"}
}

func runUpdateVariable(_ context.Context, c *stepContext) (result, error) {
	if err := c.inputs.only("Name", "Value"); err != nil {
		return result{}, err
	}
	text, err := c.inputs.text("Name")
	if err != nil {
		return result{}, err
	}
	name, ok := strings.CutPrefix(text, "variable:")
	declared, known := c.execution.parsed.Variable(name)
	if !ok || !known {
		return result{}, invalidInput(fmt.Sprintf("The input Name is %q; it must be variable: and the name of one of the document's variables", text))
	}
	value, given := c.inputs["Value"]
	if !given {
		return result{}, invalidInput("The input Value is required")
	}
	if !hasType(value, declared.Type) {
		return result{}, invalidInput(fmt.Sprintf("The input Value is of type %s, but the variable %s is of type %s", javaType(value), name, declared.Type))
	}
	if len(jsonText(value)) > maxVariable {
		return result{}, invalidInput("The input Value is longer than 100 KB")
	}
	c.execution.mu.Lock()
	defer c.execution.mu.Unlock()
	c.execution.variables[name] = value
	return result{}, nil
}

// hasType checks a variable's new value: conversions are not supported
// (docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-update-variable.html).
func hasType(value any, declared string) bool {
	switch v := value.(type) {
	case string:
		return declared == "String"
	case bool:
		return declared == "Boolean"
	case json.Number:
		_, err := v.Int64()
		return declared == "Integer" && err == nil
	case map[string]any:
		return declared == "StringMap"
	case []any:
		for _, item := range v {
			_, isText := item.(string)
			_, isMap := item.(map[string]any)
			if declared == "StringList" && !isText || declared == "MapList" && !isMap {
				return false
			}
		}
		return declared == "StringList" || declared == "MapList"
	}
	return false
}
