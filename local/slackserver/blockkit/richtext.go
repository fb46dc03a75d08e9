package blockkit

import "maps"

// richElement is one part of a rich_text block.
func richElement(w *walk, at string, v any) { w.typed(at, v, w.t.rich, nil) }

// leaf is one inline piece of rich text.
func leaf(w *walk, at string, v any) { w.typed(at, v, w.t.leaves, nil) }

func richShapes() map[string]shape {
	leaves := list(0, 0, leaf)
	// border and indent are sent as 0 by slack-go when they are not set.
	border := number(0, 1)
	section := map[string]shape{"rich_text_section": {need: []string{"elements"}, fields: map[string]check{"elements": leaves}}}
	out := map[string]shape{
		"rich_text_preformatted": {need: []string{"elements"}, fields: map[string]check{
			"elements": list(0, 0, plainLeaf), "border": border, "language": str(0, 100),
		}},
		"rich_text_quote": {need: []string{"elements"}, fields: map[string]check{"elements": leaves, "border": border}},
		"rich_text_list": {need: []string{"elements", "style"}, fields: map[string]check{
			"elements": list(1, 0, func(w *walk, at string, v any) { w.typed(at, v, section, nil) }),
			"style":    oneOf("bullet", "ordered"), "indent": number(0, 8), "offset": number(0, 1_000_000), "border": border,
		}},
	}
	maps.Copy(out, section)
	return out
}

// plainLeaf: preformatted text holds text and links only.
func plainLeaf(w *walk, at string, v any) {
	w.typed(at, v, w.t.leaves, []string{"text", "link"})
}

func leafShapes() map[string]shape {
	style := obj(shape{fields: map[string]check{
		"bold": boolean, "italic": boolean, "strike": boolean, "code": boolean, "underline": boolean,
		"highlight": boolean, "client_highlight": boolean, "unlink": boolean,
	}})
	id := str(1, 255)
	leaf := func(need []string, fields map[string]check) shape {
		return shape{need: need, fields: merge(map[string]check{"style": style}, fields)}
	}
	return map[string]shape{
		"text":      leaf([]string{"text"}, map[string]check{"text": str(1, 0)}),
		"link":      leaf([]string{"url"}, map[string]check{"url": link(3000), "text": str(0, 0), "unsafe": boolean, "from_llm": boolean}),
		"emoji":     leaf([]string{"name"}, map[string]check{"name": id, "unicode": id, "skin_tone": number(1, 6), "url": link(3000)}),
		"user":      leaf([]string{"user_id"}, map[string]check{"user_id": id, "from_llm": boolean}),
		"usergroup": leaf([]string{"usergroup_id"}, map[string]check{"usergroup_id": id}),
		"channel":   leaf([]string{"channel_id"}, map[string]check{"channel_id": id, "tab_id": id, "from_llm": boolean}),
		"team":      leaf([]string{"team_id"}, map[string]check{"team_id": id}),
		"broadcast": leaf([]string{"range"}, map[string]check{"range": oneOf("here", "channel", "everyone")}),
		"color":     leaf([]string{"value"}, map[string]check{"value": str(1, 32)}),
		"tag":       leaf([]string{"text"}, map[string]check{"text": str(1, 255), "color": str(1, 32)}),
		"date": leaf([]string{"timestamp", "format"}, map[string]check{
			"timestamp": number(0, 99_999_999_999), "format": str(1, 255), "url": link(3000), "fallback": str(0, 255), "timezone": str(1, 255),
		}),
	}
}
