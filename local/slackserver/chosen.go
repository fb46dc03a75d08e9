package slackserver

import (
	"encoding/json"
	"strings"
)

// chosen is what a person entered in an element, in the fields that Slack uses
// for its type. Without a value it is the element's own.
func chosen(spec map[string]any, raw json.RawMessage, force bool) (reply, error) {
	one, many, err := values(raw)
	if err != nil {
		return nil, err
	}
	switch kind := text(spec["type"]); {
	case kind == "", kind == "button", kind == "workflow_button", kind == "icon_button", kind == "feedback_buttons":
		return buttonValue(spec, one, len(raw) > 0, force)
	case kind == "checkboxes", strings.HasPrefix(kind, "multi_"):
		return chosenMany(kind, spec, many)
	case kind == "overflow", kind == "radio_buttons", kind == "static_select", kind == "external_select":
		return chosenOption(kind, spec, one, force)
	case kind == "number_input":
		return reply{"value": one}, nil
	default:
		return reply{field(kind): nullable(one)}, nil
	}
}

// values reads a text, a number, a truth value, a list of texts, or nothing.
func values(raw json.RawMessage) (one string, many []string, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil, nil
	}
	if json.Unmarshal(raw, &many) == nil {
		if len(many) == 1 {
			one = many[0]
		}
		return one, many, nil
	}
	if json.Unmarshal(raw, &one) != nil {
		switch raw[0] {
		case '{', '[':
			return "", nil, badArgument("value", "must be a text or a list of texts")
		}
		one = string(raw)
	}
	if one == "" {
		return "", nil, nil
	}
	return one, []string{one}, nil
}

func buttonValue(spec map[string]any, value string, given, force bool) (reply, error) {
	own, has := spec["value"]
	switch {
	case given && force:
		return reply{"value": value}, nil
	case given && value != text(own):
		return nil, refuse("value_not_found")
	case has:
		return reply{"value": own}, nil
	}
	return reply{}, nil
}

func chosenOption(kind string, spec map[string]any, value string, force bool) (reply, error) {
	if value == "" {
		return reply{"selected_option": nil}, nil
	}
	if o := option(spec, value); o != nil {
		return reply{"selected_option": o}, nil
	}
	if force || kind == "external_select" {
		return reply{"selected_option": looseOption(value)}, nil
	}
	return nil, refuse("value_not_found")
}

// looseOption is an option that the app offered in answer to a query, or that a
// script made up.
func looseOption(value string) reply {
	return reply{"text": reply{"type": "plain_text", "text": value, "emoji": true}, "value": value}
}

func chosenMany(kind string, spec map[string]any, list []string) (reply, error) {
	switch kind {
	case "multi_users_select", "multi_conversations_select", "multi_channels_select":
		return reply{field(kind): append([]string{}, list...)}, nil
	}
	selected := []any{}
	for _, value := range list {
		o := option(spec, value)
		switch {
		case o != nil:
			selected = append(selected, o)
		case kind == "multi_external_select":
			selected = append(selected, looseOption(value))
		default:
			return nil, refuse("value_not_found")
		}
	}
	return reply{"selected_options": selected}, nil
}

// field is where Slack puts the value of an element of this type.
func field(kind string) string {
	switch kind {
	case "users_select":
		return "selected_user"
	case "conversations_select":
		return "selected_conversation"
	case "channels_select":
		return "selected_channel"
	case "multi_users_select":
		return "selected_users"
	case "multi_conversations_select":
		return "selected_conversations"
	case "multi_channels_select":
		return "selected_channels"
	case "datepicker":
		return "selected_date"
	case "timepicker":
		return "selected_time"
	case "datetimepicker":
		return "selected_date_time"
	case "rich_text_input":
		return "rich_text_value"
	}
	return "value"
}

func nullable(value string) any {
	if value == "" {
		return nil
	}
	return value
}
