// One message, with its thread line.
import { html } from "/html.js";
import { Avatar, author } from "/avatar.js";
import { Blocks } from "/blocks.js";
import { Emoji, Mrkdwn } from "/mrkdwn.js";
import { ago, exact, time } from "/time.js";
import { state } from "/store.js";

function Attachments({ of, where }) {
  return html`${of.map((a) => html`<div class="attachment">
    ${a.pretext && html`<div class="text"><${Mrkdwn} text=${a.pretext} /></div>`}${a.title && html`<b>${a.title}</b>`}
    ${a.text && html`<div class="text"><${Mrkdwn} text=${a.text} /></div>`}${a.blocks && html`<${Blocks} of=${a.blocks} where=${where} />`}
    ${!a.text && !a.blocks && a.fallback}
  </div>`)}`;
}

function ThreadLine({ message, onOpen }) {
  const n = message.reply_count;
  const faces = (message.reply_users ?? []).map((id) => author({ user: id, bot_id: id === state.bot.user_id ? state.bot.bot_id : "" }));
  return html`<button class="thread-line" onClick=${onOpen}>
    ${faces.map((f) => html`<${Avatar} of=${f} size="small" />`)}
    <b>${n} ${n === 1 ? "reply" : "replies"}</b><span>Last reply ${ago(message.latest_reply)}</span>
  </button>`;
}

export function Message({ message, channel, compact, onThread, inThread }) {
  const who = author(message);
  const where = { channel, message_ts: message.ts };
  const body = message.blocks?.length
    ? html`<${Blocks} of=${message.blocks} where=${where} />`
    : html`<div class="text"><${Mrkdwn} text=${message.text} />${message.edited && html` <span class="edited">(edited)</span>`}</div>`;
  return html`<article class=${`message ${compact ? "compact" : ""} ${message.ephemeral ? "ephemeral" : ""}`} data-ts=${message.ts}>
    <div class="gutter">${compact ? html`<time class="hover-time">${time(message.ts)}</time>` : html`<${Avatar} of=${who} />`}</div>
    <div class="body">
      ${message.ephemeral && html`<div class="only-you"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M2 12s4-6.5 10-6.5S22 12 22 12s-4 6.5-10 6.5S2 12 2 12z" /><circle cx="12" cy="12" r="2.8" /></svg> Only visible to you</div>`}
      ${!compact && html`<div class="byline"><b class="name">${who.name}</b>${who.kind === "bot" && html`<span class="badge">APP</span>`}<time title=${exact(message.ts)}>${time(message.ts)}</time></div>`}
      ${message.subtype === "thread_broadcast" && !inThread && html`<div class="hint">replied to a thread</div>`}
      ${body}
      ${message.attachments && html`<${Attachments} of=${message.attachments} where=${where} />`}
      ${message.reactions && html`<div class="reactions">${message.reactions.map((r) => html`<span class="reaction" title=${r.users.map((u) => state.users.get(u)?.real_name ?? u).join(", ")}><${Emoji} name=${r.name} /> ${r.count}</span>`)}</div>`}
      ${onThread && message.reply_count > 0 && html`<${ThreadLine} message=${message} onOpen=${onThread} />`}
    </div>
    ${onThread && !message.ephemeral && html`<div class="toolbar"><button onClick=${onThread} title="Reply in thread" aria-label="Reply in thread">
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 5h16v11H10l-4 4v-4H4z" /></svg></button></div>`}
  </article>`;
}
