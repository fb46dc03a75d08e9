// Times as the reader's own zone has them.
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const seconds = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const shortDate = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", year: "numeric" });
const longDate = new Intl.DateTimeFormat(undefined, { weekday: "long", month: "long", day: "numeric" });
const fullDate = new Intl.DateTimeFormat(undefined, { weekday: "long", month: "long", day: "numeric", year: "numeric" });
const numeric = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit" });

export const dateOf = (ts) => new Date(Number(ts) * 1000);
export const time = (ts) => clock.format(dateOf(ts));
export const exact = (ts) => `${fullDate.format(dateOf(ts))} at ${seconds.format(dateOf(ts))}`;

function sameDay(a, b) {
  return a.toDateString() === b.toDateString();
}

// pretty is Today, Yesterday or Tomorrow where it can be, else the fallback.
function pretty(date, otherwise) {
  const day = (n) => new Date(Date.now() + n * 86400e3);
  if (sameDay(date, day(0))) return "Today";
  if (sameDay(date, day(-1))) return "Yesterday";
  if (sameDay(date, day(1))) return "Tomorrow";
  return otherwise;
}

export const dayOf = (ts) => pretty(dateOf(ts), longDate.format(dateOf(ts)));

export function ago(ts) {
  const past = Math.max(0, Date.now() / 1000 - Number(ts));
  if (past < 60) return "just now";
  const [n, unit] = past < 3600 ? [past / 60, "minute"] : past < 86400 ? [past / 3600, "hour"] : [past / 86400, "day"];
  return `${Math.floor(n)} ${unit}${Math.floor(n) === 1 ? "" : "s"} ago`;
}

// dateToken renders <!date^…> formats: docs.slack.dev/messaging/formatting-message-text
export function dateToken(unix, format) {
  const date = new Date(Number(unix) * 1000);
  const words = {
    date_num: numeric.format(date),
    date: longDate.format(date),
    date_short: shortDate.format(date),
    date_long: fullDate.format(date),
    date_pretty: pretty(date, longDate.format(date)),
    date_short_pretty: pretty(date, shortDate.format(date)),
    date_long_pretty: pretty(date, fullDate.format(date)),
    time: clock.format(date),
    time_secs: seconds.format(date),
    ago: ago(unix),
  };
  return format.replace(/\{(\w+)\}/g, (whole, name) => words[name] ?? whole);
}
