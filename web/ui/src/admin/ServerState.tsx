import { Title } from "@mantine/core";
import type { Overview } from "../api/client";
import classes from "./Admin.module.css";

/** What the server tells of itself. Which facts there are is the server's business: they are shown as they come. */
export function ServerState({ data }: { data: Overview }) {
  const { plain, groups } = sorted(data.status ?? {});
  const facts = [["overlay", data.domain], ["version", data.version], ...plain] as Fact[];
  return (
    <>
      <Facts title="This server" facts={facts} />
      {groups.map(([name, group]) => (
        <Facts key={name} title={words(name)} facts={Object.entries(group)} />
      ))}
    </>
  );
}

type Fact = [name: string, value: unknown];

function sorted(status: Record<string, unknown>) {
  const plain: Fact[] = [];
  const groups: [string, Record<string, unknown>][] = [];
  for (const [name, value] of Object.entries(status)) {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      groups.push([name, value as Record<string, unknown>]);
    } else {
      plain.push([name, value]);
    }
  }
  return { plain, groups };
}

function Facts({ title, facts }: { title: string; facts: Fact[] }) {
  const told = facts.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  if (told.length === 0) return null;
  return (
    <section aria-label={title}>
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      <dl className={classes.facts}>
        {told.map(([name, value]) => (
          <div key={name}>
            <dt>{words(name)}</dt>
            <dd>{shown(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** node_id becomes Node ID, StoredValues Stored values. */
function words(name: string): string {
  const spaced = name
    .replaceAll("_", " ")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/\b(id|sip|tls)\b/g, (initials) => initials.toUpperCase());
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

function shown(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (!Array.isArray(value)) return typeof value === "object" ? JSON.stringify(value) : String(value);
  if (value.length === 0) return "none";
  if (value.every((v) => typeof v === "string")) return value.map(short).join(", ");
  return String(value.length);
}

/** A Node-ID is recognized by how it begins. */
const short = (text: string) => (/^[0-9a-f]{32}$/.test(text) ? `${text.slice(0, 8)}…` : text);
