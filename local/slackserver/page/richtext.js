// rich_text blocks: every leaf is literal.
import { html } from "/html.js";
import { ChannelLink, Emoji, Link, Mention } from "/mrkdwn.js";
import { dateToken } from "/time.js";

function Leaf({ of }) {
  switch (of.type) {
    case "text":
      return of.text.split("\n").map((l, i) => (i ? [html`<br />`, l] : l));
    case "link":
      return html`<${Link} url=${of.url}>${of.text || of.url}</${Link}>`;
    case "user":
      return html`<${Mention} user=${of.user_id} />`;
    case "usergroup":
      return html`<span class="mention">@${of.usergroup_id}</span>`;
    case "channel":
      return html`<${ChannelLink} id=${of.channel_id} />`;
    case "broadcast":
      return html`<span class="mention me">@${of.range}</span>`;
    case "emoji":
      return html`<${Emoji} name=${of.name} unicode=${of.unicode} />`;
    case "date":
      return html`<time title=${of.fallback ?? ""}>${dateToken(of.timestamp, of.format)}</time>`;
    case "color":
      return html`<code>${of.value}</code>`;
    case "tag":
      return html`<span class="tag">${of.text}</span>`;
  }
  return of.text ?? "";
}

function Styled({ of }) {
  let node = html`<${Leaf} of=${of} />`;
  const style = of.style ?? {};
  if (style.code) node = html`<code>${node}</code>`;
  if (style.bold) node = html`<b>${node}</b>`;
  if (style.italic) node = html`<i>${node}</i>`;
  if (style.strike) node = html`<s>${node}</s>`;
  if (style.underline) node = html`<u>${node}</u>`;
  return node;
}

const leaves = (elements) => (elements ?? []).map((e) => html`<${Styled} of=${e} />`);
const words = (elements) => (elements ?? []).map((e) => e.text ?? e.url ?? "").join("");

function Part({ of }) {
  switch (of.type) {
    case "rich_text_section":
      return html`<div class="rt">${leaves(of.elements)}</div>`;
    case "rich_text_preformatted":
      return html`<pre>${words(of.elements)}</pre>`;
    case "rich_text_quote":
      return html`<blockquote>${leaves(of.elements)}</blockquote>`;
    case "rich_text_list": {
      const tag = of.style === "ordered" ? "ol" : "ul";
      const indent = Math.min(of.indent ?? 0, 8);
      return html`<${tag} class=${`indent-${indent}`} start=${tag === "ol" ? (of.offset ?? 0) + 1 : undefined}>
        ${(of.elements ?? []).map((e) => html`<li>${leaves(e.elements)}</li>`)}
      </${tag}>`;
    }
  }
  return null;
}

export function RichText({ of }) {
  return html`<div class="richtext">${(of?.elements ?? []).map((e) => html`<${Part} of=${e} />`)}</div>`;
}
