// Calls to the server: the control routes and the page's own.
async function answer(response) {
  let body;
  try {
    body = await response.json();
  } catch {
    throw new Error(`the server answered ${response.status}`);
  }
  if (!body.ok) {
    const failed = new Error(sentence(body.error, body.message));
    failed.code = body.error;
    failed.body = body;
    throw failed;
  }
  return body;
}

// sentence says an error in words that a person can act on.
function sentence(code, message) {
  switch (code) {
    case "operation_timeout":
      return "The app did not answer within three seconds (operation_timeout).";
    case "dispatch_failed":
      return "No app is connected, or it could not be reached (dispatch_failed).";
    case "action_not_found":
      return "This message no longer holds that button.";
    case "message_not_found":
      return "That message is gone.";
    case "not_in_channel":
      return "You are not in this channel.";
    case "is_archived":
      return "This channel is archived.";
    case "view_not_found":
      return "This form is closed already.";
  }
  return message || code || "Something went wrong.";
}

export async function post(path, body) {
  return answer(await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }));
}

export async function get(path, query = {}) {
  return answer(await fetch(`${path}?${new URLSearchParams(query)}`));
}
