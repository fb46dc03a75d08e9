package slackserver

func demoUsers() []User {
	return []User{
		{ID: "U012ANA", Name: "ana", Title: "may run runbooks", Email: "ana@example.com", TZ: "Europe/Oslo"},
		{ID: "U012BEN", Name: "ben", Title: "may approve", Email: "ben@example.com", TZ: "Europe/London"},
		{ID: "U012MALLORY", Name: "mallory", Title: "may do nothing", Email: "mallory@example.com", TZ: "America/New_York"},
	}
}

func demoChannels() []Channel {
	return []Channel{
		{ID: "C012OPS", Name: "ops", Topic: "Where production is looked after", BotMember: true},
		{ID: "C012RANDOM", Name: "random", Topic: "Everything else", BotMember: true},
		{ID: "C012INC204", Name: "inc-204", Topic: "Checkout is slow", BotMember: true},
	}
}

func demoCommands() []Command {
	return []Command{
		{Name: "/runbook", Description: "Run an approved runbook", UsageHint: "help | list | run NAME key=value | status"},
		{Name: "/incident", Description: "Open and steer an incident", UsageHint: "open \"title\" sev=2 | update TEXT | close"},
	}
}
