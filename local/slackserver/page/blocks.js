// Block Kit blocks, each drawn by its type.
import { useState } from "preact/hooks";
import { html } from "/html.js";
import { Element, Input, Picture, initial, useAct } from "/elements.js";
import { Link, Mrkdwn, Plain, Text } from "/mrkdwn.js";
import { Plan, Task } from "/plan.js";
import { RichText } from "/richtext.js";

function Section({ of, ...rest }) {
  return html`<div class="section">
    <div class="section-text">
      ${of.text && html`<div class="text"><${Text} of=${of.text} /></div>`}
      ${of.fields && html`<div class="fields">${of.fields.map((f) => html`<div class="text"><${Text} of=${f} /></div>`)}</div>`}
    </div>
    ${of.accessory && html`<div class="accessory"><${Element} of=${of.accessory} block=${of} ...${rest} /></div>`}
  </div>`;
}

function Context({ of }) {
  return html`<div class="context">${of.elements.map((e) => (e.type === "image" ? html`<${Picture} of=${e} class="tiny" />` : html`<span class="text"><${Text} of=${e} /></span>`))}</div>`;
}

function Cell({ of, tag, align }) {
  if (!of) return html`<${tag}></${tag}>`;
  const inner = of.type === "rich_text" ? html`<${RichText} of=${of} />` : of.type === "action" ? of.element.text.text : of.text ?? String(of.value);
  return html`<${tag} class=${align ?? (of.type === "raw_number" ? "right" : "left")}>${inner}</${tag}>`;
}

function Table({ of }) {
  const [head, ...rows] = of.rows;
  const align = (i) => of.column_settings?.[i]?.align;
  return html`<div class="table" tabindex="0"><table>
    ${of.caption && html`<caption>${of.caption}</caption>`}
    <thead><tr>${head.map((c, i) => html`<${Cell} of=${c} tag="th" align=${align(i)} />`)}</tr></thead>
    <tbody>${rows.map((r) => html`<tr>${r.map((c, i) => html`<${Cell} of=${c} tag="td" align=${align(i)} />`)}</tr>`)}</tbody>
  </table></div>`;
}

function ImageBlock({ of }) {
  return html`<figure>${of.title && html`<figcaption><${Text} of=${of.title} /></figcaption>`}<${Picture} of=${of} /></figure>`;
}

function InputBlock({ of, where, form, errors }) {
  const id = `${of.block_id}-${of.element.action_id}`;
  const { act, busy, extra } = useAct(where, of.element, of);
  const [own, setOwn] = useState(initial(of.element));
  const value = form ? form.get(of.block_id, of.element.action_id) ?? initial(of.element) : own;
  const error = errors?.[of.block_id];
  const typed = ["plain_text_input", "number_input", "email_text_input", "url_text_input"].includes(of.element.type);
  const pick = (v) => {
    form ? form.set(of.block_id, of.element.action_id, v) : setOwn(v);
    const on = of.element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
    if (of.dispatch_action && (!typed || on.includes("on_character_entered"))) act(v);
  };
  return html`<div class=${`input ${error ? "bad" : ""}`} aria-busy=${busy}>
    <label for=${id}><${Text} of=${of.label} />${of.optional && html` <span class="optional">(optional)</span>`}</label>
    <${Input} of=${of.element} block=${of} where=${where} value=${value} onPick=${pick} id=${id} onEnter=${() => of.dispatch_action && act(value)} />
    ${error && html`<div class="inline-error" role="alert">${error}</div>`}
    ${of.hint && html`<div class="hint"><${Text} of=${of.hint} /></div>`}${extra}
  </div>`;
}

function Card({ of, ...rest }) {
  return html`<div class="card">
    ${of.hero_image && html`<${Picture} of=${of.hero_image} />`}
    ${of.title && html`<b><${Text} of=${of.title} /></b>`}${of.subtitle && html`<div class="hint"><${Text} of=${of.subtitle} /></div>`}
    ${of.body && html`<div><${Text} of=${of.body} /></div>`}${of.subtext && html`<div class="hint"><${Text} of=${of.subtext} /></div>`}
    ${of.actions && html`<div class="actions">${of.actions.map((e) => html`<${Element} of=${e} block=${of} ...${rest} />`)}</div>`}
  </div>`;
}

function Container({ of, ...rest }) {
  return html`<details class="container" open=${!of.default_collapsed}>
    <summary>${of.title ? html`<${Text} of=${of.title} />` : html`<${RichText} of=${of.rich_text_title} />`}</summary>
    ${of.subtitle && html`<div class="hint"><${Text} of=${of.subtitle} /></div>`}
    <${Blocks} of=${of.child_blocks} ...${rest} />
  </details>`;
}

export function Block({ of, ...rest }) {
  switch (of.type) {
    case "section":
      return html`<${Section} of=${of} ...${rest} />`;
    case "context":
      return html`<${Context} of=${of} />`;
    case "header":
      return html`<h3 class=${`header level-${of.level ?? 1}`}><${Text} of=${of.text} /></h3>`;
    case "divider":
      return html`<hr />`;
    case "actions":
    case "context_actions":
      return html`<div class="actions">${of.elements.map((e, i) => html`<${Element} key=${e.action_id ?? i} of=${e} block=${of} ...${rest} />`)}</div>`;
    case "input":
      return html`<${InputBlock} of=${of} ...${rest} />`;
    case "rich_text":
      return html`<${RichText} of=${of} />`;
    case "image":
      return html`<${ImageBlock} of=${of} />`;
    case "video":
      return html`<div class="card"><b><${Text} of=${of.title} /></b><div><${Link} url=${of.title_url ?? of.video_url}>▶ ${of.alt_text}</${Link}></div></div>`;
    case "markdown":
      return html`<div class="text"><${Mrkdwn} text=${of.text.replace(/\*\*(.+?)\*\*/g, "*$1*").replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, "<$2|$1>")} /></div>`;
    case "plan":
      return html`<${Plan} of=${of} />`;
    case "task_card":
      return html`<ol class="tasks alone"><${Task} of=${of} /></ol>`;
    case "table":
    case "data_table":
      return html`<${Table} of=${of} />`;
    case "alert":
      return html`<div class=${`alert ${of.level ?? "default"}`} role="status"><${Text} of=${of.text} /></div>`;
    case "card":
      return html`<${Card} of=${of} ...${rest} />`;
    case "carousel":
      return html`<div class="carousel">${of.elements.map((c) => html`<${Card} of=${c} ...${rest} />`)}</div>`;
    case "container":
      return html`<${Container} of=${of} ...${rest} />`;
    case "layout":
      return html`<div class="layout">${of.rows.map((r) => html`<div class="layout-row">${r.items.map((i) => html`<div><${Block} of=${i.block} ...${rest} /></div>`)}</div>`)}</div>`;
  }
  return html`<div class="unsupported">This page does not draw <code>${of.type}</code> blocks.${of.title && html` <${Plain} text=${of.title.text ?? of.title} />`}</div>`;
}

// Blocks draws a list of blocks. where says what a click is a click in.
export function Blocks({ of, where, form, errors }) {
  return html`<div class="blocks">${(of ?? []).map((b, i) => html`<${Block} key=${b.type + i} of=${b} where=${where} form=${form} errors=${errors} />`)}</div>`;
}
