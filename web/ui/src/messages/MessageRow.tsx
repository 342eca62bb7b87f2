import { ActionIcon, Text, UnstyledButton } from "@mantine/core";
import { IconPlayerPauseFilled, IconPlayerPlayFilled, IconRosetteDiscountCheckFilled } from "@tabler/icons-react";
import { useCallback, useRef, useState } from "react";
import type { Message } from "../api/client";
import type { Folder } from "../api/queries";
import type { useActions } from "./actions";
import { caller, clock, day, reason, spoken, time } from "./format";
import classes from "./Message.module.css";
import { MessagePlayer, type PlayerHandle } from "./MessagePlayer";

type Props = {
  message: Message;
  folder: Folder;
  open: boolean;
  onOpen: (open: boolean) => void;
  actions: ReturnType<typeof useActions>;
  handle: React.RefObject<PlayerHandle | null>;
};

export function MessageRow({ message: m, folder, open, onOpen, actions, handle }: Props) {
  const [playing, setPlaying] = useState(false);
  const own = useRef<PlayerHandle | null>(null);
  const share = useCallback(
    (player: PlayerHandle | null) => {
      own.current = player;
      handle.current = player;
    },
    [handle],
  );
  const pressed = () => (open ? own.current?.toggle() : onOpen(true));
  const on = open && playing;
  const about = `message from ${caller(m)}${m.caller_name ? `, ${m.caller_name}` : ""}`;
  return (
    <li className={classes.row} data-open={open || undefined} data-new={!m.heard || undefined}>
      <div className={classes.summary}>
        <ActionIcon
          className={classes.play}
          size={44}
          radius="xl"
          variant={on || !m.heard ? "filled" : "light"}
          onClick={pressed}
          aria-label={`${on ? "Pause" : "Play"} ${about}, ${spoken(m.duration_ms / 1000)}`}
        >
          {on ? (
            <IconPlayerPauseFilled size={19} aria-hidden="true" />
          ) : (
            <IconPlayerPlayFilled size={19} aria-hidden="true" />
          )}
        </ActionIcon>
        <UnstyledButton className={classes.text} onClick={() => onOpen(!open)} aria-expanded={open} data-message={m.id}>
          <span className={classes.who}>
            <Text component="span" fw={m.heard ? 500 : 700} truncate>
              {caller(m)}
            </Text>
            {m.verified && (
              <IconRosetteDiscountCheckFilled
                size={16}
                className={classes.verified}
                aria-label="proven by certificate"
              />
            )}
            {!m.heard && <span className={classes.dot} role="img" aria-label="new" />}
          </span>
          <Text component="span" size="sm" c="dimmed" truncate display="block">
            {[m.caller_name, reason(m)].filter(Boolean).join(" · ") || "left a message"}
          </Text>
        </UnstyledButton>
        <div className={classes.when}>
          <Text
            component="time"
            dateTime={m.received_at}
            size="sm"
            title={`${day(m.received_at)}, ${time(m.received_at)}`}
          >
            {time(m.received_at)}
          </Text>
          <Text size="sm" c="dimmed" className={classes.digits}>
            {clock(m.duration_ms / 1000)}
          </Text>
        </div>
      </div>
      {open && <MessagePlayer message={m} folder={folder} actions={actions} onPlaying={setPlaying} handle={share} />}
    </li>
  );
}
