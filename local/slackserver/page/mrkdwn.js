// Slack's mrkdwn as elements. Nothing of a message ever becomes HTML by itself.
import { html } from "/html.js";
import { emoji } from "/emoji.js";
import { dateToken } from "/time.js";
import { state } from "/store.js";

const unescape = (s) => s.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

// safe keeps links to the web and mail; any other scheme is shown, not linked.
export const safe = (url) => (/^(https?:|mailto:)/i.test(url) ? url : null);

export function Link({ url, children }) {
  const href = safe(url);
  if (!href) return html`<span>${children}</span>`;
  return html`<a href=${href} target="_blank" rel="noopener noreferrer">${children}</a>`;
}

export function Mention({ user, label }) {
  const found = state.users.get(user);
  const name = found ? (found.is_bot ? found.real_name : found.profile.display_name || found.name) : label || user;
  return html`<span class=${"mention" + (user === state.me ? " me" : "")} title=${found?.real_name ?? user}>@${name}</span>`;
}

export function ChannelLink({ id, label }) {
  const found = state.channels.get(id);
  const name = found?.name ?? label ?? id;
  const me = state.users.get(state.me)?.name ?? "";
  if (!found) return html`<span class="mention">#${name}</span>`;
  return html`<a class="mention" href=${`#/${me}/${name}`}>#${name}</a>`;
}

export function Emoji({ name, unicode }) {
  const glyph = unicode ? String.fromCodePoint(...unicode.split("-").map((c) => parseInt(c, 16))) : emoji(name);
  return glyph ? html`<span class="emoji" role="img" aria-label=${name.replaceAll("_", " ")} title=${`:${name}:`}>${glyph}</span>` : `:${name}:`;
}

// entity renders what stands between < and >.
function entity(inner) {
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? "" : unescape(inner.slice(bar + 1));
  if (target[0] === "@") return html`<${Mention} user=${target.slice(1)} label=${label} />`;
  if (target[0] === "#") return html`<${ChannelLink} id=${target.slice(1)} label=${label} />`;
  if (target.startsWith("!date^")) {
    const [, unix, format, link] = target.split("^");
    const words = html`<time title=${label}>${dateToken(unix, format)}</time>`;
    return link ? html`<${Link} url=${unescape(link)}>${words}</${Link}>` : words;
  }
  if (target.startsWith("!subteam^")) {
    const group = state.usergroups.find((g) => g.ID === target.slice(9));
    return html`<span class="mention">@${group?.Handle ?? (label.replace(/^@/, "") || target.slice(9))}</span>`;
  }
  if (target[0] === "!") return html`<span class="mention me">@${label.replace(/^@/, "") || target.slice(1)}</span>`;
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return html`<${Link} url=${unescape(target)}>${label || unescape(target)}</${Link}>`;
  return unescape(`<${inner}>`);
}

const inline = /<([^<>\n]+)>|`([^`\n]+)`|:([a-z0-9_+'-]+(?:::skin-tone-\d)?):/g;
const edge = "\\s()[\\]{}\"'“”‘’*_~.,:;!?–—\\-\\ue000-\\uf8ff";
const style = new RegExp(`(^|[${edge}])([*_~])(\\S|\\S[^\\n]*?\\S)\\2(?=$|[${edge}])`);
const tags = { "*": "b", _: "i", "~": "s" };

// pieces puts the nodes that were set aside back between unescaped text.
function pieces(text, aside) {
  return text.split(/([\ue000-\uf8ff])/).map((c) => (/^[\ue000-\uf8ff]$/.test(c) ? aside[c.charCodeAt(0) - 0xe000] : unescape(c)));
}

// styled applies *bold*, _italic_ and ~strike~, which must stand at word edges.
function styled(text, aside) {
  const out = [];
  for (let m; (m = style.exec(text)); text = text.slice(m.index + m[0].length)) {
    out.push(pieces(text.slice(0, m.index) + m[1], aside));
    out.push(html`<${tags[m[2]]}>${styled(m[3], aside)}</${tags[m[2]]}>`);
  }
  out.push(pieces(text, aside));
  return out;
}

// line renders one line. Entities, code and emoji are set aside, each as one
// character of a private range, while styles are found around them.
function line(source) {
  const aside = [];
  const keep = (node) => String.fromCharCode(0xe000 + aside.push(node) - 1);
  const text = source.replace(/[\ue000-\uf8ff]/g, "").replace(inline, (whole, inner, code, name) => {
    if (aside.length >= 6000) return whole;
    if (inner !== undefined) return keep(entity(inner));
    if (code !== undefined) return keep(html`<code>${unescape(code)}</code>`);
    return emoji(name) ? keep(html`<${Emoji} name=${name} />`) : whole;
  });
  return styled(text, aside);
}

function lines(source) {
  const out = [];
  let quote = [];
  const flush = () => {
    if (quote.length) out.push(html`<blockquote>${quote}</blockquote>`);
    quote = [];
  };
  source.split("\n").forEach((l, i) => {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(l);
    if (quoted) {
      quote.push(html`<div>${line(quoted[1])}</div>`);
      return;
    }
    const first = i === 0 || quote.length > 0;
    flush();
    if (!first) out.push(html`<br />`);
    out.push(line(l));
  });
  flush();
  return out;
}

// Mrkdwn renders text with code blocks taken out first.
export function Mrkdwn({ text }) {
  const parts = String(text ?? "").split(/```/);
  if (parts.length % 2 === 0) parts.push(parts.splice(-2).join("```")); // an open fence is literal
  return html`${parts.map((part, i) => {
    if (i % 2 === 1) return html`<pre>${unescape(part.replace(/^\n/, "").replace(/\n$/, "").replace(/<((?:https?:|mailto:|[@#!])[^<>|\s]*)(?:\|([^<>]*))?>/g, (_, a, b) => b ?? a))}</pre>`;
    return lines(i > 0 ? part.replace(/^\n/, "") : part);
  })}`;
}

// Plain renders plain_text: emoji only.
export function Plain({ text }) {
  return html`${String(text ?? "").split(/(:[a-z0-9_+'-]+:)/).map((p) => (/^:.+:$/.test(p) && emoji(p.slice(1, -1)) ? html`<${Emoji} name=${p.slice(1, -1)} />` : p))}`;
}

// Text renders a text object.
export function Text({ of }) {
  if (!of) return null;
  if (of.type === "plain_text") return html`<${Plain} text=${of.text} />`;
  return html`<${Mrkdwn} text=${of.text} />`;
}
