import { Alert, Button, Group, Skeleton, Stack, Tabs, Text, Title } from "@mantine/core";
import { IconAlertCircle, IconInbox, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { type Message, sentence } from "../api/client";
import { type Folder, messagesQuery } from "../api/queries";
import { useActions } from "./actions";
import { day } from "./format";
import classes from "./Message.module.css";
import type { PlayerHandle } from "./MessagePlayer";
import { MessageRow } from "./MessageRow";
import { useKeys } from "./useKeys";

export function InboxPage() {
  const folder: Folder = useSearch({ from: "/shell/" }).folder ?? "inbox";
  const navigate = useNavigate();
  const list = useQuery(messagesQuery(folder));
  return (
    <Stack gap="lg">
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Title order={1} size="h2">
          Messages
        </Title>
        <Tabs
          variant="pills"
          value={folder}
          onChange={(to) => navigate({ to: "/", search: to === "trash" ? { folder: "trash" } : {} })}
        >
          <Tabs.List aria-label="Folders">
            <Tabs.Tab value="inbox">Inbox</Tabs.Tab>
            <Tabs.Tab value="trash">Trash{list.data?.trash ? ` ${list.data.trash}` : ""}</Tabs.Tab>
          </Tabs.List>
        </Tabs>
      </Group>
      {list.isPending && <Waiting />}
      {list.isError && !list.data && (
        <Alert
          color="red"
          variant="light"
          title="Your messages cannot be shown"
          icon={<IconAlertCircle aria-hidden="true" />}
        >
          <Text size="sm" mb="sm">
            {sentence(list.error)}
          </Text>
          <Button size="xs" variant="default" onClick={() => list.refetch()}>
            Try again
          </Button>
        </Alert>
      )}
      {list.data && <Messages key={folder} messages={list.data.messages} folder={folder} />}
    </Stack>
  );
}

function Messages({ messages, folder }: { messages: Message[]; folder: Folder }) {
  const [open, setOpen] = useState<string | null>(null);
  const player = useRef<PlayerHandle | null>(null);
  const actions = useActions(folder);
  const box = useRef<HTMLDivElement>(null);
  const current = messages.find((m) => m.id === open);
  useKeys(box, player, () => current && folder === "inbox" && actions.trash(current));
  useEffect(() => {
    if (open && !current) setOpen(null); // it has been deleted, here or elsewhere
  }, [open, current]);
  if (messages.length === 0) return <Empty folder={folder} />;
  return (
    <div ref={box}>
      {byDay(messages).map(([title, ofDay]) => (
        <section key={title} aria-label={title} className={classes.group}>
          <h2 className={classes.day}>{title}</h2>
          <ul className={classes.list}>
            {ofDay.map((m) => (
              <MessageRow
                key={m.id}
                message={m}
                folder={folder}
                open={m.id === open}
                onOpen={(is) => setOpen(is ? m.id : null)}
                actions={actions}
                handle={player}
              />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function byDay(messages: Message[]): [string, Message[]][] {
  const days = new Map<string, Message[]>();
  for (const m of messages) {
    const title = day(m.received_at);
    days.set(title, [...(days.get(title) ?? []), m]);
  }
  return [...days];
}

function Waiting() {
  return (
    <Stack gap={1} className={classes.list} aria-busy="true" aria-label="Loading">
      {[0, 1, 2].map((i) => (
        <Group key={i} p="md" wrap="nowrap">
          <Skeleton height={44} circle />
          <Stack gap={8} flex={1}>
            <Skeleton height={14} width="45%" />
            <Skeleton height={12} width="30%" />
          </Stack>
        </Group>
      ))}
    </Stack>
  );
}

function Empty({ folder }: { folder: Folder }) {
  const Icon = folder === "trash" ? IconTrash : IconInbox;
  return (
    <div className={classes.empty}>
      <Icon size={40} stroke={1.2} aria-hidden="true" />
      <Text fw={600} c="var(--mantine-color-text)">
        {folder === "trash" ? "The trash is empty" : "No messages"}
      </Text>
      <Text size="sm">
        {folder === "trash"
          ? "What you delete is kept here for a while."
          : "When somebody leaves you a message, it appears here at once."}
      </Text>
    </div>
  );
}
