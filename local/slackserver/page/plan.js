// plan and task_card: work under way.
import { useEffect, useState } from "preact/hooks";
import { html } from "/html.js";
import { RichText } from "/richtext.js";
import { Link, Plain } from "/mrkdwn.js";

const words = { pending: "pending", in_progress: "in progress", complete: "done", error: "failed" };

function StateIcon({ status }) {
  return html`<span class=${`state ${status}`} role="img" aria-label=${words[status] ?? status}></span>`;
}

export function Task({ of }) {
  const status = of.status ?? "pending";
  const more = of.details || of.output || of.sources?.length;
  const [open, setOpen] = useState(status === "error");
  useEffect(() => {
    if (status === "error") setOpen(true);
  }, [status]);
  const title = html`<span class="task-title"><${Plain} text=${of.title} /></span>`;
  return html`<li class=${`task ${status}`}>
    <${StateIcon} status=${status} />
    <div class="task-body">
      ${more
        ? html`<button class="disclose" aria-expanded=${open} onClick=${() => setOpen(!open)}>${title}<span class="chevron" aria-hidden="true"></span></button>`
        : title}
      ${more && open && html`<div class="task-more">
        ${of.details && html`<div class="task-details"><${RichText} of=${of.details} /></div>`}
        ${of.output && html`<div class="task-output"><${RichText} of=${of.output} /></div>`}
        ${of.sources?.length > 0 && html`<div class="sources">${of.sources.map((s) => html`<${Link} url=${s.url}>${s.text}</${Link}>`)}</div>`}
      </div>`}
    </div>
  </li>`;
}

function overall(tasks) {
  if (tasks.some((t) => t.status === "error")) return "error";
  if (tasks.some((t) => t.status === "in_progress")) return "in_progress";
  if (tasks.length && tasks.every((t) => t.status === "complete")) return "complete";
  return tasks.some((t) => t.status === "complete") ? "in_progress" : "pending";
}

export function Plan({ of }) {
  const tasks = of.tasks ?? [];
  const [open, setOpen] = useState(true);
  const done = tasks.filter((t) => t.status === "complete").length;
  const status = overall(tasks);
  return html`<div class=${`plan ${status}`}>
    <button class="plan-head" aria-expanded=${open} onClick=${() => setOpen(!open)}>
      <${StateIcon} status=${status} />
      <span class="plan-title"><${Plain} text=${of.title} /></span>
      <progress max=${tasks.length || 1} value=${done} aria-label=${`${done} of ${tasks.length} done`}></progress>
      <span class="chevron" aria-hidden="true"></span>
    </button>
    ${open && html`<ol class="tasks">${tasks.map((t) => html`<${Task} key=${t.task_id} of=${t} />`)}</ol>`}
  </div>`;
}
