import type { Message } from "../api/client";

/** Who left a message, as one would say it. */
export function caller(m: Pick<Message, "caller">): string {
  if (!m.caller) return "Withheld number";
  return number(m.caller);
}

/** A telephone number with gaps; anything else as it is. */
export function number(text: string): string {
  const american = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(text);
  if (american) return `+1 ${american[1]} ${american[2]} ${american[3]}`;
  return text;
}

/** Minutes and seconds as on a clock: 0:07, 12:34. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** A length of time in words, for those who listen to the page. */
export function spoken(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [m, s] = [Math.floor(whole / 60), whole % 60];
  const part = (n: number, unit: string) => `${n} ${unit}${n === 1 ? "" : "s"}`;
  if (m === 0) return part(s, "second");
  return s === 0 ? part(m, "minute") : `${part(m, "minute")} ${part(s, "second")}`;
}

const midnight = (d: Date) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();

/** The heading of a day: Today, Yesterday, Monday, 16 November. */
export function day(iso: string, now = new Date()): string {
  const date = new Date(iso);
  const ago = Math.round((midnight(now) - midnight(date)) / 86_400_000);
  if (ago === 0) return "Today";
  if (ago === 1) return "Yesterday";
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString(undefined, {
    weekday: ago < 7 ? "long" : undefined,
    day: "numeric",
    month: "long",
    year,
  });
}

export function time(iso: string): string {
  return new Date(iso).toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit" });
}

const reasons: Record<Message["reason"], string> = {
  busy: "you were busy",
  declined: "you declined",
  away: "no phone was connected",
  "no-answer": "nobody answered",
  direct: "",
};

/** Why the caller came to the mailbox. */
export function reason(m: Pick<Message, "reason">): string {
  return reasons[m.reason];
}
