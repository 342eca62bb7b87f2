import { Badge, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconArrowDownLeft, IconArrowUpRight, IconVolume } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Call, Overview, Trunk } from "../api/client";
import { overviewQuery } from "../api/queries";
import { Complaint } from "../app/forms";
import { clock, day, number, time } from "../messages/format";
import classes from "./Admin.module.css";
import { ServerState } from "./ServerState";

/** Trunks, numbers, calls and the state of this server peer. */
export function SystemPage() {
  const { data, isPending, error } = useQuery(overviewQuery);
  return (
    <Stack gap="xl">
      <Title order={1} size="h2">
        System
      </Title>
      {isPending && <Skeleton height={160} radius="lg" />}
      {error && !data && <Complaint error={error} />}
      {data && <Sections data={data} />}
    </Stack>
  );
}

function Sections({ data }: { data: Overview }) {
  return (
    <>
      <Section title="Trunks" nothing="No trunk is configured: no calls to or from the telephone network.">
        {data.trunks.map((t) => (
          <TrunkRow key={t.name} trunk={t} />
        ))}
      </Section>
      <Section title="Numbers" nothing="No number leads here.">
        {data.numbers.map((n) => (
          <li key={n.number} className={classes.row}>
            <Stack gap={0} className={classes.number}>
              <Text fw={600} className={classes.digits}>
                {number(n.number)}
              </Text>
              <Text size="sm" c="dimmed">
                {n.label}
              </Text>
            </Stack>
            <Text size="sm" truncate flex={1} ta="right">
              {n.target_kind} {number(n.target)}
            </Text>
          </li>
        ))}
      </Section>
      <Section title="Latest calls" nothing="No calls yet.">
        {data.calls.map((c) => (
          <CallRow key={c.id} call={c} />
        ))}
      </Section>
      <ServerState data={data} />
    </>
  );
}

function Section({ title, nothing, children }: { title: string; nothing: string; children: ReactNode[] }) {
  return (
    <section aria-label={title}>
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      {children.length > 0 ? (
        <ul className={classes.list}>{children}</ul>
      ) : (
        <Text c="dimmed" size="sm" className={classes.nothing}>
          {nothing}
        </Text>
      )}
    </section>
  );
}

function TrunkRow({ trunk: t }: { trunk: Trunk }) {
  return (
    <li className={classes.row}>
      <span className={classes.state} data-up={t.up || undefined} aria-hidden="true" />
      <Stack gap={0} flex={1} miw={0}>
        <Text fw={600}>{t.name}</Text>
        <Text size="sm" c="dimmed">
          {t.up ? (t.registered_until ? `Registered until ${time(t.registered_until)}` : "Up") : t.last_error || "Down"}
        </Text>
      </Stack>
      <Text size="sm" c="dimmed">
        {t.calls} {t.calls === 1 ? "call" : "calls"}
      </Text>
    </li>
  );
}

const directions = {
  inbound: { icon: IconArrowDownLeft, label: "From the telephone network" },
  outbound: { icon: IconArrowUpRight, label: "To the telephone network" },
  service: { icon: IconVolume, label: "To a service" },
} as const;

function CallRow({ call: c }: { call: Call }) {
  const { icon: Icon, label } = directions[c.direction];
  return (
    <li className={classes.row}>
      <Icon size={20} stroke={1.7} aria-label={label} role="img" style={{ flex: "none" }} />
      <Stack gap={0} flex={1} miw={0}>
        <Text truncate>
          {number(c.caller)} → {number(c.called)}
        </Text>
        <Text size="sm" c="dimmed" truncate>
          {[`${day(c.started_at)}, ${time(c.started_at)}`, c.trunk, c.mailbox && `mailbox of ${c.mailbox}`]
            .filter(Boolean)
            .join(" · ")}
        </Text>
      </Stack>
      <Group gap="xs" wrap="nowrap">
        {c.ended_at === null ? (
          <Badge variant="light">{c.answered ? "up" : "ringing"}</Badge>
        ) : (
          <Text size="sm" c="dimmed" className={classes.digits} title={c.result}>
            {c.answered ? clock(c.duration_ms / 1000) : c.result}
          </Text>
        )}
      </Group>
    </li>
  );
}
