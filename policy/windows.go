package policy

import (
	"slices"
	"time"
	_ "time/tzdata" // a machine without zone files reads the same policy

	"go.yaml.in/yaml/v4"
)

// Holds says whether an instant is within the window, by the clock on the wall of its zone: From is in it and Until is
// not. Where the clocks are put back it is open both times that an hour comes; where they are put forward it is not open
// in the hour that is left out, and a window that lies in there does not open that day.
func (w *Window) Holds(at time.Time) bool {
	local := at.In(w.Zone)
	day, minute := local.Weekday(), local.Hour()*60+local.Minute()
	if w.From < w.Until {
		return w.Days[day] && minute >= w.From && minute < w.Until
	}
	return w.Days[day] && minute >= w.From || w.Days[(day+6)%7] && minute < w.Until
}

// weekdays are the names of days as policies write them, by time.Weekday.
var weekdays = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (r *fileReader) readWindows(n *yaml.Node) {
	r.windows = map[string]*Window{}
	zones := map[string]*time.Location{}
	for _, e := range r.named(n, "windows") {
		fields := r.fields(e.value, "the window "+shown(e.name), 4, "days", "from", "until", "timezone")
		w := &Window{Name: e.name, Zone: time.UTC}
		if days := fields["days"]; days != nil {
			w.Days = r.readDays(days)
		}
		w.From, w.Until = r.readMinute(fields["from"], "from"), r.readMinute(fields["until"], "until")
		if zone := r.readZone(fields["timezone"], zones); zone != nil {
			w.Zone = zone
		}
		r.windows[e.name] = w
	}
}

func (r *fileReader) readDays(n *yaml.Node) [7]bool {
	var days [7]bool
	for _, item := range r.words(n, "days") {
		i := slices.Index(weekdays[:], item.Value)
		if i < 0 {
			r.fail(item, "%+q is not a day. Days are mon, tue, wed, thu, fri, sat and sun.", item.Value)
			continue
		}
		days[i] = true
	}
	return days
}

// readMinute reads a time of the day into minutes.
func (r *fileReader) readMinute(n *yaml.Node, what string) int {
	text := r.shaped(n, what, r.minute.fits, `a time of the day such as "22:00" with the quotes`)
	at, err := time.Parse("15:04", text)
	if err != nil {
		return 0
	}
	return at.Hour()*60 + at.Minute()
}

// readZone reads a zone of the IANA database. Those of the file are in zones.
func (r *fileReader) readZone(n *yaml.Node, zones map[string]*time.Location) *time.Location {
	name := r.shaped(n, "timezone", r.zone.fits, "a time zone such as Europe/Oslo or UTC")
	if zone, ok := zones[name]; ok || !r.zone.fits(name) {
		return zone
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == time.Local.String() {
		zone = nil
		r.fail(n, "There is no time zone %+q. Names are those of the IANA database, such as Europe/Oslo.", name)
	}
	zones[name] = zone
	return zone
}
