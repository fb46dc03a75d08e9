package slackserver

import "slices"

// interactive lists the elements of a block that a person can use, those of
// contained blocks included.
func interactive(block map[string]any) []map[string]any {
	var out []map[string]any
	add := func(v any) {
		if e := object(v); e != nil && isInteractive(text(e["type"])) {
			out = append(out, e)
		}
	}
	add(block["accessory"])
	add(block["element"])
	for _, key := range []string{"elements", "actions"} {
		for _, e := range array(block[key]) {
			add(e)
		}
	}
	for _, child := range array(block["child_blocks"]) {
		out = append(out, interactive(object(child))...)
	}
	return out
}

func isInteractive(kind string) bool {
	return slices.Contains([]string{
		"button", "workflow_button", "icon_button", "feedback_buttons", "overflow", "checkboxes", "radio_buttons",
		"datepicker", "timepicker", "datetimepicker", "plain_text_input", "number_input", "email_text_input",
		"url_text_input", "rich_text_input", "file_input",
		"static_select", "external_select", "users_select", "conversations_select", "channels_select",
		"multi_static_select", "multi_external_select", "multi_users_select", "multi_conversations_select", "multi_channels_select",
	}, kind)
}

// options lists what a select, overflow, radio or checkbox element offers.
func options(element map[string]any) []map[string]any {
	var out []map[string]any
	for _, o := range array(element["options"]) {
		out = append(out, object(o))
	}
	for _, g := range array(element["option_groups"]) {
		for _, o := range array(object(g)["options"]) {
			out = append(out, object(o))
		}
	}
	return out
}

// option finds the offered option with this value, or nil.
func option(element map[string]any, value string) map[string]any {
	for _, o := range options(element) {
		if text(o["value"]) == value {
			return o
		}
	}
	return nil
}
