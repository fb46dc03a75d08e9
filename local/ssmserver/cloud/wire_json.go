package cloud

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"time"
)

// readJSON reads the parameters of an AWS JSON request. Nothing is an empty object.
func readJSON(body []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return map[string]any{}, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	out := map[string]any{}
	err := decoder.Decode(&out)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more text after the end")
		}
	}
	if err != nil {
		return nil, &Error{Code: "SerializationException", Message: "The request is not a JSON object."}
	}
	return out, nil
}

func writeJSON(output *shape, answer map[string]any) []byte {
	body, err := json.Marshal(jsonValue(output, answer))
	if err != nil {
		return []byte("{}")
	}
	return body
}

// jsonValue is v as AWS JSON has it: times are seconds since 1970, and only what the model has is there.
func jsonValue(s *shape, v any) any {
	switch s.kind {
	case kindStructure:
		given, _ := v.(map[string]any)
		out := map[string]any{}
		for _, m := range s.members {
			if value, ok := given[m.name]; ok && value != nil {
				out[m.name] = jsonValue(m.shape, value)
			}
		}
		return out
	case kindMap:
		given, _ := v.(map[string]any)
		out := map[string]any{}
		for name, value := range given {
			out[name] = jsonValue(s.element, value)
		}
		return out
	case kindList:
		given, _ := v.([]any)
		out := make([]any, 0, len(given))
		for _, value := range given {
			out = append(out, jsonValue(s.element, value))
		}
		return out
	case kindTime:
		if text, ok := v.(string); ok {
			v = timeOf(text)
		}
		if at, ok := v.(time.Time); ok {
			ms := at.UnixMilli()
			return json.Number(strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64))
		}
	}
	return v
}

func errorJSON(e *Error) []byte {
	body, err := json.Marshal(map[string]string{"__type": e.Code, "message": e.Message})
	if err != nil {
		return []byte("{}")
	}
	return body
}
