document.title = "Local Slack"
