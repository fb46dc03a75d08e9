// A small Bolt app, and a person who uses it through the control routes of the local Slack. It ends with 1 at the first
// thing that is not as real Slack has it. Without PORT it listens in Socket Mode, with it to signed HTTP.
import bolt from '@slack/bolt';
import assert from 'node:assert/strict';

const { SLACK_URL, BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, PORT } = process.env;

const app = new bolt.App({
  token: BOT_TOKEN,
  appToken: APP_TOKEN,
  signingSecret: SIGNING_SECRET,
  socketMode: !PORT,
  clientOptions: { slackApiUrl: `${SLACK_URL}/api/` },
  logLevel: bolt.LogLevel.ERROR,
});

app.command('/runbook', async ({ command, ack, respond }) => {
  await ack({ text: `${command.user_name} asked: ${command.text}` });
  await respond({ text: `said to all: ${command.text}`, response_type: 'in_channel' });
});

app.event('app_mention', async ({ event, say }) => {
  const button = { type: 'button', action_id: 'press', value: 'seven', text: { type: 'plain_text', text: 'Press' } };
  await say({ text: `<@${event.user}> a button`, thread_ts: event.ts, blocks: [{ type: 'actions', elements: [button] }] });
});

app.action('press', async ({ action, body, ack, respond }) => {
  await ack();
  await respond({ text: `${body.user.id} pressed ${action.value}`, replace_original: true });
});

async function control(path, body) {
  const sent = body && { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
  const answer = await (await fetch(`${SLACK_URL}/control/${path}`, sent)).json();
  assert.equal(answer.ok, true, `${path} answered ${JSON.stringify(answer)}`);
  return answer;
}

// seen waits until user sees a message that fits.
async function seen(user, thread, fits) {
  const query = new URLSearchParams({ channel: 'ops', user, ...(thread && { thread_ts: thread }) });
  let messages = [];
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((next) => setTimeout(next, 50))) {
    ({ messages } = await control(`messages?${query}`));
    const found = messages.find(fits);
    if (found) return found;
  }
  assert.fail(`${user} never saw ${fits}, only ${JSON.stringify(messages)}`);
}

async function command(text) {
  const { ack } = await control('command', { user: 'ana', channel: 'ops', command: '/runbook', text });
  assert.equal(ack.text, `ana asked: ${text}`);
  assert.equal((await seen('ana', '', (m) => m.text === ack.text)).ephemeral, true);
  assert.ok(!(await seen('ben', '', (m) => m.text === `said to all: ${text}`)).ephemeral);
  const { messages } = await control('messages?channel=ops&user=ben');
  assert.ok(!messages.some((m) => m.text === ack.text), 'ben sees what was said to ana alone');
}

async function mentionAndClick() {
  const { ts } = await control('message', { user: 'ana', channel: 'ops', text: '@Handrail a button please' });
  const message = await seen('ben', ts, (m) => m.blocks?.some((b) => b.type === 'actions'));
  assert.equal(message.text, '<@U012ANA> a button');
  assert.equal(message.thread_ts, ts);
  await control('action', { user: 'ben', channel: 'ops', message_ts: message.ts, action_id: 'press' });
  await seen('ana', ts, (m) => m.ts === message.ts && m.text === 'U012BEN pressed seven');
}

await app.start(PORT && { port: Number(PORT), host: '127.0.0.1' });
if (PORT) await control('verify', {});
await command('hello');
await mentionAndClick();
await app.stop();
process.exit(0);
