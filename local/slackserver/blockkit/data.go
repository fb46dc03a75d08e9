package blockkit

import "unicode/utf8"

const maxTableText = 10_000 // over all cells: docs.slack.dev, table block

// dataBlocks show figures: table, data_table and data_visualization.
func dataBlocks() map[string]shape {
	settings := obj(shape{fields: map[string]check{"align": oneOf("left", "center", "right"), "is_wrapped": boolean}})
	return map[string]shape{
		"table": {need: []string{"rows"}, fields: map[string]check{
			"rows":            list(1, 100, list(1, 20, cell(false))),
			"column_settings": list(0, 20, orNull(settings)),
		}, on: []Surface{Message, Home}},
		"data_table": {need: []string{"rows", "caption"}, fields: map[string]check{
			"rows": list(2, 101, list(1, 20, cell(true))), "caption": str(1, 300),
			"page_size": number(1, 100), "row_header_column_index": number(0, 19),
		}, also: headerRow, on: []Surface{Message, Home}},
		"data_visualization": {need: []string{"title", "chart"}, fields: map[string]check{
			"title": str(1, 50), "chart": chart,
		}, on: []Surface{Message}},
	}
}

func orNull(c check) check {
	return func(w *walk, at string, v any) {
		if v != nil {
			c(w, at, v)
		}
	}
}

// cell is one cell of a table; a null one is empty.
func cell(withAction bool) check {
	shapes := map[string]shape{
		"raw_text":   {need: []string{"text"}, fields: map[string]check{"text": cellText}},
		"raw_number": {need: []string{"value"}, fields: map[string]check{"value": anyNumber, "text": cellText}},
		"rich_text":  {need: []string{"elements"}, fields: map[string]check{"elements": list(1, 0, cellRich), "block_id": str(0, 255)}},
	}
	if withAction {
		shapes["action"] = shape{need: []string{"element"}, fields: map[string]check{
			"element": element([]string{"button"}), "fallback": func(w *walk, at string, v any) { w.typed(at, v, shapes, nil) },
		}}
	}
	return orNull(func(w *walk, at string, v any) {
		w.depth++
		defer func() { w.depth-- }()
		if w.depth > 4 {
			w.problem(at, "is nested too deeply")
			return
		}
		w.typed(at, v, shapes, nil)
	})
}

func cellText(w *walk, at string, v any) {
	str(0, 0)(w, at, v)
	s, _ := v.(string)
	w.tableText += utf8.RuneCountInString(s)
}

// cellRich counts the text of a rich cell too.
func cellRich(w *walk, at string, v any) {
	richElement(w, at, v)
	w.tableText += countText(v)
}

func countText(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		s, _ := v["text"].(string)
		n = utf8.RuneCountInString(s) + countText(v["elements"])
	case []any:
		for _, item := range v {
			n += countText(item)
		}
	}
	return n
}

func headerRow(w *walk, at string, o map[string]any) {
	rows, _ := o["rows"].([]any)
	if len(rows) == 0 {
		return
	}
	cells, _ := rows[0].([]any)
	for i, v := range cells {
		if c, _ := v.(map[string]any); c["type"] != "raw_text" {
			w.problem(item(item(below(at, "rows"), 0), i), "header cells must be raw_text")
		}
	}
}

func chart(w *walk, at string, v any) {
	labelled := func(name string) check {
		return obj(shape{need: []string{name, "value"}, fields: map[string]check{name: str(1, 20), "value": anyNumber}})
	}
	series := shape{need: []string{"series", "axis_config"}, fields: map[string]check{
		"series": list(1, 6, obj(shape{need: []string{"name", "data"}, fields: map[string]check{
			"name": str(1, 20), "data": list(1, 20, labelled("label")),
		}})),
		"axis_config": obj(shape{need: []string{"categories"}, fields: map[string]check{
			"categories": list(1, 20, str(1, 20)), "x_label": str(1, 50), "y_label": str(1, 50),
		}}),
	}}
	w.typed(at, v, map[string]shape{
		"pie": {need: []string{"segments"}, fields: map[string]check{"segments": list(1, 6, labelled("label"))}},
		"bar": series, "area": series, "line": series,
	}, nil)
}
