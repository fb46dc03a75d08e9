package blockkit

// plain is a plain_text object of 1 to high characters.
func plain(high int) check { return textObject(high, "plain_text") }

// prose is a plain_text or mrkdwn object of 1 to high characters.
func prose(high int) check { return textObject(high, "plain_text", "mrkdwn") }

func textObject(high int, kinds ...string) check {
	base := map[string]check{"text": str(1, high)}
	plainShape := shape{need: []string{"text"}, fields: merge(base, map[string]check{"emoji": boolean})}
	mrkdwnShape := shape{need: []string{"text"}, fields: merge(base, map[string]check{"verbatim": boolean})}
	return func(w *walk, at string, v any) {
		w.typed(at, v, map[string]shape{"plain_text": plainShape, "mrkdwn": mrkdwnShape}, kinds)
	}
}

// confirmation is the confirm dialog of an element.
func confirmation() check {
	return obj(shape{
		need: []string{"title", "text", "confirm", "deny"},
		fields: map[string]check{
			"title": plain(100), "text": prose(300), "confirm": plain(30), "deny": plain(30), "style": oneOf("primary", "danger"),
		},
	})
}

// option is one choice; its text may be mrkdwn in radio buttons and checkboxes.
func option(text check, more map[string]check) check {
	return obj(shape{
		need: []string{"text", "value"},
		fields: merge(map[string]check{
			"text": text, "value": str(1, 150), "description": prose(75),
		}, more),
	})
}

func plainOption() check { return option(plain(75), nil) }

func optionGroup() check {
	return obj(shape{
		need:   []string{"label", "options"},
		fields: map[string]check{"label": plain(75), "options": list(1, 100, plainOption())},
	})
}

// picture is an image without its "type".
func picture(more map[string]check) shape {
	return shape{
		need: []string{"alt_text"},
		fields: merge(map[string]check{
			"image_url": link(3000), "alt_text": str(1, 2000),
			"slack_file": obj(shape{fields: map[string]check{"id": str(1, 255), "url": link(3000)}}),
		}, more),
		also: func(w *walk, at string, o map[string]any) {
			if (o["image_url"] == nil) == (o["slack_file"] == nil) {
				w.problem(at, "must provide either image_url or slack_file")
			}
		},
	}
}
