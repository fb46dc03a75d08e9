package blockkit

import (
	"slices"
	"strconv"
	"strings"
)

// names of elements by where they may stand: docs.slack.dev/reference/block-kit/block-elements
func selects() []string {
	kinds := []string{"static_select", "external_select", "users_select", "conversations_select", "channels_select"}
	for _, k := range slices.Clone(kinds) {
		kinds = append(kinds, "multi_"+k)
	}
	return kinds
}

func sectionElements() []string {
	return append(selects(), "button", "workflow_button", "overflow", "image", "checkboxes", "radio_buttons", "datepicker", "timepicker")
}

func actionElements() []string {
	return append(selects(), "button", "workflow_button", "overflow", "checkboxes", "radio_buttons", "datepicker", "timepicker", "datetimepicker", "rich_text_input")
}

func inputElements() []string {
	return append(selects(), "checkboxes", "radio_buttons", "datepicker", "timepicker", "datetimepicker", "plain_text_input",
		"number_input", "email_text_input", "url_text_input", "rich_text_input", "file_input")
}

// element checks an element that may stand at this place.
func element(allowed []string) check {
	return func(w *walk, at string, v any) { w.typed(at, v, w.t.elements, allowed) }
}

func elementShapes() map[string]shape {
	out := map[string]shape{}
	id := map[string]check{"action_id": str(1, 255)}
	add := func(kind string, need []string, fields map[string]check, also func(*walk, string, map[string]any)) {
		out[kind] = shape{need: need, fields: merge(id, fields), also: also}
	}
	addButtons(add)
	addSelects(add)
	addInputs(add)
	out["image"] = picture(nil)
	return out
}

type adder func(kind string, need []string, fields map[string]check, also func(*walk, string, map[string]any))

func addButtons(add adder) {
	people := list(1, 0, str(1, 255))
	add("button", []string{"text"}, map[string]check{
		"text": plain(75), "value": str(0, 2000), "url": link(3000), "style": oneOf("primary", "danger"), "confirm": confirmation(),
		"accessibility_label": str(1, 75), "visible_to_user_ids": people, "agent_prompt": str(1, 0), "agent_prompt_display": str(1, 0),
	}, nil)
	add("workflow_button", []string{"text", "workflow"}, map[string]check{
		"text": plain(75), "style": oneOf("primary", "danger"), "accessibility_label": str(1, 75),
		"workflow": obj(shape{need: []string{"trigger"}, fields: map[string]check{"trigger": obj(shape{
			need: []string{"url"},
			fields: map[string]check{"url": link(3000), "customizable_input_parameters": list(0, 0, obj(shape{
				need: []string{"name", "value"}, fields: map[string]check{"name": str(1, 0), "value": str(0, 0)},
			}))},
		})}}),
	}, nil)
	add("icon_button", []string{"icon", "text"}, map[string]check{
		"icon": oneOf("trash"), "text": plain(75), "value": str(0, 2000), "confirm": confirmation(),
		"accessibility_label": str(1, 75), "visible_to_user_ids": people,
	}, nil)
	feedback := obj(shape{need: []string{"text", "value"}, fields: map[string]check{
		"text": plain(75), "value": str(0, 2000), "accessibility_label": str(1, 75),
	}})
	add("feedback_buttons", []string{"positive_button", "negative_button"}, map[string]check{
		"positive_button": feedback, "negative_button": feedback,
	}, nil)
	add("overflow", []string{"options"}, map[string]check{
		"options": list(1, 5, option(plain(75), map[string]check{"url": link(3000)})), "confirm": confirmation(),
	}, nil)
}

func addSelects(add adder) {
	common := map[string]check{"placeholder": plain(150), "confirm": confirmation(), "focus_on_load": focus}
	conversations := map[string]check{
		"default_to_current_conversation": boolean,
		"filter": obj(shape{fields: map[string]check{
			"include":                          list(1, 4, oneOf("im", "mpim", "private", "public")),
			"exclude_external_shared_channels": boolean, "exclude_bot_users": boolean,
		}}),
	}
	static := map[string]check{"options": list(1, 100, plainOption()), "option_groups": list(1, 100, optionGroup())}
	query := map[string]check{"min_query_length": number(0, 3000)}
	one := map[string]check{"response_url_enabled": boolean}
	many := map[string]check{"max_selected_items": number(1, 1000)}
	ids := list(1, 0, str(1, 255))
	initials := list(1, 100, plainOption())

	add("static_select", nil, merge(common, static, map[string]check{"initial_option": plainOption()}), eitherOptions)
	add("external_select", nil, merge(common, query, map[string]check{"initial_option": plainOption()}), nil)
	add("users_select", nil, merge(common, map[string]check{"initial_user": str(1, 255)}), nil)
	add("conversations_select", nil, merge(common, conversations, one, map[string]check{"initial_conversation": str(1, 255)}), nil)
	add("channels_select", nil, merge(common, one, map[string]check{"initial_channel": str(1, 255)}), nil)
	add("multi_static_select", nil, merge(common, static, many, map[string]check{"initial_options": initials}), eitherOptions)
	add("multi_external_select", nil, merge(common, query, many, map[string]check{"initial_options": initials}), nil)
	add("multi_users_select", nil, merge(common, many, map[string]check{"initial_users": ids}), nil)
	add("multi_conversations_select", nil, merge(common, conversations, many, map[string]check{"initial_conversations": ids}), nil)
	add("multi_channels_select", nil, merge(common, many, map[string]check{"initial_channels": ids}), nil)
}

func addInputs(add adder) {
	asked := map[string]check{"placeholder": plain(150), "focus_on_load": focus}
	sure := map[string]check{"confirm": confirmation(), "focus_on_load": focus}
	dispatch := map[string]check{"dispatch_action_config": obj(shape{fields: map[string]check{
		"trigger_actions_on": list(1, 2, oneOf("on_enter_pressed", "on_character_entered")),
	}})}
	choice := option(prose(75), nil)

	add("checkboxes", []string{"options"}, merge(sure, map[string]check{
		"options": list(1, 10, choice), "initial_options": list(1, 10, choice), "visible_to_user_ids": list(1, 0, str(1, 255)),
	}), nil)
	add("radio_buttons", []string{"options"}, merge(sure, map[string]check{"options": list(1, 10, choice), "initial_option": choice}), nil)
	add("datepicker", nil, merge(asked, sure, map[string]check{"initial_date": date}), nil)
	add("timepicker", nil, merge(asked, sure, map[string]check{"initial_time": clock, "timezone": str(1, 255)}), nil)
	add("datetimepicker", nil, merge(sure, map[string]check{"initial_date_time": number(1_000_000_000, 9_999_999_999)}), nil)
	add("plain_text_input", nil, merge(asked, dispatch, map[string]check{
		"initial_value": str(0, 3000), "multiline": boolean, "min_length": number(0, 3000), "max_length": number(1, 3000),
	}), nil)
	add("email_text_input", nil, merge(asked, dispatch, map[string]check{"initial_value": str(0, 3000)}), nil)
	add("url_text_input", nil, merge(asked, dispatch, map[string]check{"initial_value": str(0, 3000)}), nil)
	add("number_input", []string{"is_decimal_allowed"}, merge(asked, dispatch, map[string]check{
		"is_decimal_allowed": boolean, "initial_value": numeric, "min_value": numeric, "max_value": numeric,
	}), nil)
	add("rich_text_input", nil, merge(asked, dispatch, map[string]check{
		"initial_value": richTextBlock, "min_lines": number(1, 100), "max_lines": number(1, 100),
	}), nil)
	add("file_input", nil, map[string]check{"filetypes": list(1, 0, str(1, 255)), "max_files": number(1, 10)}, nil)
}

func eitherOptions(w *walk, at string, o map[string]any) {
	if (o["options"] == nil) == (o["option_groups"] == nil) {
		w.problem(at, "must provide either options or option_groups")
	}
}

// focus is focus_on_load, which only one element of a view may set.
func focus(w *walk, at string, v any) {
	boolean(w, at, v)
	if v == true {
		w.focus++
		if w.focus > 1 {
			w.problem(at, "only one element can have focus_on_load")
		}
	}
}

func date(w *walk, at string, v any) {
	s, _ := v.(string)
	if parts := strings.Split(s, "-"); len(s) != 10 || len(parts) != 3 || !digits(parts...) {
		w.problem(at, "must be a date such as 2026-01-31")
	}
}

func clock(w *walk, at string, v any) {
	s, _ := v.(string)
	if parts := strings.Split(s, ":"); len(s) != 5 || len(parts) != 2 || !digits(parts...) {
		w.problem(at, "must be a time such as 23:59")
	}
}

func digits(parts ...string) bool {
	for _, p := range parts {
		if _, err := strconv.ParseUint(p, 10, 32); err != nil {
			return false
		}
	}
	return true
}

// numeric is a number written as text.
func numeric(w *walk, at string, v any) {
	s, ok := v.(string)
	if _, err := strconv.ParseFloat(s, 64); !ok || err != nil {
		w.problem(at, "must be a number in a string")
	}
}
