// Interactive elements of messages, modals and Home. Each gets act(value), which
// sends the click, and in forms set(value) and the value entered so far.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "/html.js";
import { post } from "/api.js";
import { Confirm, Menu } from "/dialog.js";
import { Plain, Text, safe } from "/mrkdwn.js";
import { state } from "/store.js";

// useAct sends a click and keeps what came of it.
export function useAct(where, element, block) {
  const [status, setStatus] = useState({ busy: false, error: "" });
  const [asking, setAsking] = useState(null);
  const alive = useRef(true);
  useEffect(() => () => (alive.current = false), []);
  const send = async (value) => {
    setAsking(null);
    setStatus({ busy: true, error: "" });
    let error = "";
    try {
      await post("/control/action", { user: state.me, ...where, action_id: element.action_id, block_id: block.block_id, ...(value === undefined ? {} : { value }) });
    } catch (failed) {
      error = failed.message;
    }
    if (alive.current) setStatus({ busy: false, error });
  };
  const act = (value) => (element.confirm ? setAsking({ value }) : send(value));
  const dialog = asking && html`<${Confirm} of=${element.confirm} onYes=${() => send(asking.value)} onNo=${() => setAsking(null)} />`;
  const error = status.error && html`<div class="inline-error" role="alert">${status.error}</div>`;
  return { act, busy: status.busy, extra: html`${dialog}${error}` };
}

function Button({ of, block, where }) {
  const { act, busy, extra } = useAct(where, of, block);
  const click = () => {
    const href = of.url && safe(of.url);
    if (href) window.open(href, "_blank", "noopener,noreferrer");
    act(of.value);
  };
  return html`<span class="element">
    <button class=${`button ${of.style ?? ""}`} disabled=${busy} aria-busy=${busy} aria-label=${of.accessibility_label} onClick=${click}>
      ${busy && html`<span class="spinner" aria-hidden="true"></span>`}<${Text} of=${of.text} />
    </button>${extra}
  </span>`;
}

function IconButton({ of, block, where }) {
  const { act, busy, extra } = useAct(where, of, block);
  return html`<span class="element"><button class="icon-button" disabled=${busy} title=${of.text?.text} aria-label=${of.accessibility_label ?? of.text?.text} onClick=${() => act(of.value)}>🗑️</button>${extra}</span>`;
}

function Feedback({ of, block, where }) {
  const { act, busy, extra } = useAct(where, of, block);
  const one = (b, glyph) => html`<button class="icon-button" disabled=${busy} title=${b.text.text} aria-label=${b.accessibility_label ?? b.text.text} onClick=${() => act(b.value)}>${glyph}</button>`;
  return html`<span class="element">${one(of.positive_button, "👍")}${one(of.negative_button, "👎")}${extra}</span>`;
}

function Overflow({ of, block, where }) {
  const { act, busy, extra } = useAct(where, of, block);
  const [open, setOpen] = useState(false);
  const button = useRef(null);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const pick = ({ option }) => {
    close();
    const href = option.url && safe(option.url);
    if (href) window.open(href, "_blank", "noopener,noreferrer");
    act(option.value);
  };
  const items = (of.options ?? []).map((option) => ({ option, node: html`<${Text} of=${option.text} />`, note: option.description?.text }));
  return html`<span class="element overflow">
    <button ref=${button} class="icon-button" aria-haspopup="menu" aria-expanded=${open} aria-label="More actions" disabled=${busy} onClick=${() => setOpen(!open)}>⋯</button>
    ${open && html`<${Menu} label="More actions" items=${items} onPick=${pick} onClose=${close} />`}${extra}
  </span>`;
}

// choices lists what a select offers, as [value, label] in groups.
function choices(of) {
  const option = (o) => [o.value, o.text.text];
  switch (of.type.replace("multi_", "")) {
    case "users_select":
      return [["", state.people.map((u) => [u.id, `${u.real_name} (@${u.name})`])]];
    case "channels_select":
      return [["", [...state.channels.values()].filter((c) => !c.is_im).map((c) => [c.id, `#${c.name}`])]];
    case "conversations_select":
      return [["", [...state.channels.values()].map((c) => [c.id, c.is_im ? state.bot.name : `#${c.name}`])]];
  }
  if (of.option_groups) return of.option_groups.map((g) => [g.label.text, g.options.map(option)]);
  return [["", (of.options ?? []).map(option)]];
}

export function initial(of) {
  const first = of.initial_value ?? of.initial_date ?? of.initial_time ?? of.initial_user ?? of.initial_channel ?? of.initial_conversation ?? of.initial_option?.value;
  if (first !== undefined) return first;
  return of.initial_users ?? of.initial_channels ?? of.initial_conversations ?? of.initial_options?.map((o) => o.value);
}

function Select({ of, value, onPick, id, disabled }) {
  const groups = choices(of);
  const options = (list) => list.map(([v, label]) => html`<option key=${v} value=${v} selected=${v === value}>${label}</option>`);
  return html`<select id=${id} class="select" disabled=${disabled} autofocus=${of.focus_on_load} onChange=${(e) => onPick(e.target.value)}>
    <option value="" selected=${!value}>${of.placeholder?.text ?? "Choose…"}</option>
    ${groups.map(([label, list]) => (label ? html`<optgroup label=${label}>${options(list)}</optgroup>` : options(list)))}
  </select>`;
}

// Suggest is a select whose options the app gives for what is typed.
function Suggest({ of, block, where, value, onPick, id }) {
  const [query, setQuery] = useState("");
  const [found, setFound] = useState(null);
  const [label, setLabel] = useState(of.initial_option?.text?.text ?? "");
  const turn = useRef(0);
  const least = of.min_query_length ?? 3;
  const ask = async (words) => {
    setQuery(words);
    const mine = ++turn.current;
    if (words.length < least) return setFound(null);
    await new Promise((resolve) => setTimeout(resolve, words ? 150 : 0));
    if (mine !== turn.current) return;
    try {
      const got = await post("/control/options", { user: state.me, ...where, action_id: of.action_id, block_id: block.block_id, value: words });
      if (mine === turn.current) setFound([...(got.options ?? []), ...(got.option_groups ?? []).flatMap((g) => g.options)]);
    } catch (failed) {
      if (mine === turn.current) setFound({ error: failed.message });
    }
  };
  const pick = (option) => {
    setLabel(option.text.text);
    setFound(null);
    setQuery("");
    onPick(option.value);
  };
  return html`<span class="suggest">
    <input id=${id} class="field" role="combobox" aria-expanded=${!!found} autocomplete="off" placeholder=${label || of.placeholder?.text || "Type to search…"}
      value=${query || (value ? label : "")} onFocus=${() => ask("")} onInput=${(e) => ask(e.target.value)} onKeyDown=${(e) => e.key === "Escape" && found && (e.preventDefault(), setFound(null))} />
    ${found && html`<div class="menu" role="listbox">
      ${found.error ? html`<div class="inline-error">${found.error}</div>` : found.length ? found.map((o) => html`<button type="button" role="option" onClick=${() => pick(o)}><${Text} of=${o.text} />${o.description && html`<small><${Text} of=${o.description} /></small>`}</button>`) : html`<div class="nothing">Nothing found</div>`}
    </div>`}
  </span>`;
}

function Choices({ of, value, onPick, kind, name }) {
  const list = choices(of).flatMap(([, options]) => options);
  const described = new Map((of.options ?? []).map((o) => [o.value, o]));
  const chosen = kind === "radio" ? [value] : value ?? [];
  const toggle = (v, on) => onPick(kind === "radio" ? v : on ? [...chosen, v] : chosen.filter((c) => c !== v));
  return html`<span class="choices" role=${kind === "radio" ? "radiogroup" : "group"}>
    ${list.map(([v, label]) => html`<label key=${v}><input type=${kind} name=${name} value=${v} checked=${chosen.includes(v)} onChange=${(e) => toggle(v, e.target.checked)} />
      <span>${described.has(v) ? html`<${Text} of=${described.get(v).text} />` : label}${described.get(v)?.description && html`<small><${Text} of=${described.get(v).description} /></small>`}</span></label>`)}
  </span>`;
}

const fieldTypes = { datepicker: "date", timepicker: "time", datetimepicker: "datetime-local", number_input: "number", email_text_input: "email", url_text_input: "url" };

// Input is an element that holds a value; onPick is told of each change.
export function Input({ of, block, where, value, onPick, id, onEnter }) {
  if (of.type === "external_select") return html`<${Suggest} of=${of} block=${block} where=${where} value=${value} onPick=${onPick} id=${id} />`;
  if (of.type === "radio_buttons") return html`<${Choices} of=${of} value=${value} onPick=${onPick} kind="radio" name=${id} />`;
  if (of.type === "checkboxes" || of.type.startsWith("multi_")) return html`<${Choices} of=${of} value=${value} onPick=${onPick} kind="checkbox" name=${id} />`;
  if (of.type.endsWith("_select")) return html`<${Select} of=${of} value=${value} onPick=${onPick} id=${id} />`;
  const enter = (e) => e.key === "Enter" && !of.multiline && onEnter?.();
  if (of.multiline) {
    return html`<textarea id=${id} class="field" rows="4" maxlength=${of.max_length ?? 3000} placeholder=${of.placeholder?.text ?? ""} autofocus=${of.focus_on_load} onInput=${(e) => onPick(e.target.value)}>${value ?? ""}</textarea>`;
  }
  return html`<input id=${id} class="field" type=${fieldTypes[of.type] ?? "text"} value=${value ?? ""} placeholder=${of.placeholder?.text ?? ""} autofocus=${of.focus_on_load}
    maxlength=${of.max_length ?? 3000} min=${of.min_value} max=${of.max_value} step=${of.is_decimal_allowed ? "any" : undefined}
    onInput=${(e) => onPick(of.type === "datetimepicker" ? String(Math.floor(new Date(e.target.value) / 1000) || "") : e.target.value)} onKeyDown=${enter} />`;
}

// Acting is an input outside a form: each change is a click.
function Acting({ of, block, where, form }) {
  const { act, busy, extra } = useAct(where, of, block);
  const [value, setValue] = useState(initial(of));
  const pick = (v) => {
    setValue(v);
    form?.set(block.block_id, of.action_id, v);
    act(v);
  };
  return html`<span class="element" aria-busy=${busy}><${Input} of=${of} block=${block} where=${where} value=${value} onPick=${pick} id=${`${block.block_id}-${of.action_id}`} />${extra}</span>`;
}

// Element draws any element of a section or an actions block.
export function Element({ of, block, where, form }) {
  if (of.visible_to_user_ids?.length && !of.visible_to_user_ids.includes(state.me)) return null;
  const props = { of, block, where, form };
  switch (of.type) {
    case "button":
    case "workflow_button":
      return html`<${Button} ...${props} />`;
    case "icon_button":
      return html`<${IconButton} ...${props} />`;
    case "feedback_buttons":
      return html`<${Feedback} ...${props} />`;
    case "overflow":
      return html`<${Overflow} ...${props} />`;
    case "image":
      return html`<${Picture} of=${of} class="thumb" />`;
  }
  return html`<${Acting} ...${props} />`;
}

// Picture shows our own and inline pictures; others are named, for this page
// asks nothing of other servers.
export function Picture({ of, class: kind = "picture" }) {
  const own = of.image_url && (of.image_url.startsWith("data:image/") || of.image_url.startsWith(location.origin + "/"));
  if (own) return html`<img class=${kind} src=${of.image_url} alt=${of.alt_text} loading="lazy" />`;
  const href = of.image_url && safe(of.image_url);
  return html`<a class=${`${kind} absent`} href=${href} target="_blank" rel="noopener noreferrer" title=${of.alt_text}>🖼️ <span><${Plain} text=${of.alt_text} /></span></a>`;
}
