package blockkit

// view checks a modal or a Home tab: docs.slack.dev/reference/views
func (w *walk) view(o map[string]any) {
	fields := map[string]check{
		"blocks": func(w *walk, at string, v any) { w.blocks(at, v) },
		// slack-go sends texts that are not set as "".
		"callback_id": str(0, 255), "private_metadata": str(0, 3000), "external_id": str(0, 255),
	}
	need := []string{"blocks"}
	kind := "home"
	if w.surface == Modal {
		kind = "modal"
		need = append(need, "title")
		fields = merge(fields, map[string]check{
			"title": plain(24), "submit": plain(24), "close": plain(24),
			"clear_on_close": boolean, "notify_on_close": boolean, "submit_disabled": boolean,
		})
	}
	if o["type"] != kind {
		w.problem("/type", "must be %s", kind)
	}
	w.object("", o, shape{need: need, fields: fields, also: submitNeeded})
}

// submitNeeded: a modal with an input block needs a submit button.
func submitNeeded(w *walk, _ string, o map[string]any) {
	blocks, _ := o["blocks"].([]any)
	for _, v := range blocks {
		if b, _ := v.(map[string]any); b["type"] == "input" && w.surface == Modal && o["submit"] == nil {
			w.problem("", "missing required field: submit")
			return
		}
	}
}
