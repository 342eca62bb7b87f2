import { ActionIcon, Button, Group, Skeleton, Text, Tooltip } from "@mantine/core";
import { IconArrowBackUp, IconDownload, IconMailOpened, IconTrash, IconTrashX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";
import type { Message } from "../api/client";
import { type Folder, peaksQuery } from "../api/queries";
import type { useActions } from "./actions";
import { clock } from "./format";
import classes from "./Message.module.css";
import { usePlayer } from "./usePlayer";
import { step, Waveform } from "./Waveform";

const rates = [1, 1.25, 1.5, 2];

/** What others may ask of the open player. */
export type PlayerHandle = { toggle: () => void; skip: (direction: 1 | -1) => void };

type Props = {
  message: Message;
  folder: Folder;
  actions: ReturnType<typeof useActions>;
  onPlaying: (playing: boolean) => void;
  handle: Ref<PlayerHandle>;
};

/** The open part of a message: it starts to play when it appears. */
export function MessagePlayer({ message, folder, actions, onPlaying, handle }: Props) {
  const audio = useRef<HTMLAudioElement>(null);
  const seconds = message.duration_ms / 1000;
  const player = usePlayer(audio, seconds);
  const peaks = useQuery(peaksQuery(message.id));
  const { toggle, seek } = player;

  useEffect(() => {
    const element = audio.current;
    element?.play().catch(() => {}); // a browser that wants a click first: the button is there
  }, []);
  useEffect(() => onPlaying(player.playing), [player.playing, onPlaying]);
  useHeard(message, folder, player.at, player.length, actions);
  useImperativeHandle(
    handle,
    () => ({
      toggle,
      skip: (direction) => seek((audio.current?.currentTime ?? 0) + direction * Math.min(step, seconds / 10)),
    }),
    [toggle, seek, seconds],
  );
  const next = rates[(rates.indexOf(player.rate) + 1) % rates.length] ?? 1;
  return (
    <div className={classes.player}>
      {/* biome-ignore lint/a11y/useMediaCaption: what a caller says has no captions */}
      <audio ref={audio} src={message.audio} preload="auto" />
      {peaks.data ? (
        <Waveform audio={audio} peaks={peaks.data.peaks} seconds={seconds} player={player} />
      ) : (
        <Skeleton height={56} animate={!peaks.isError} />
      )}
      <Group justify="space-between" mt={8} gap="xs" wrap="nowrap">
        <Text size="sm" c="dimmed" className={classes.digits}>
          {clock(player.at)} / {clock(player.length)}
        </Text>
        <Group gap={4} wrap="nowrap">
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            className={classes.digits}
            onClick={() => player.setRate(next)}
            aria-label={`Speed ${player.rate}, change to ${next}`}
          >
            {player.rate}×
          </Button>
          {folder === "inbox" ? (
            <>
              {message.heard && (
                <Action label="Mark as new" icon={IconMailOpened} act={() => actions.mark(message, false)} />
              )}
              <Tooltip label="Download">
                <ActionIcon
                  component="a"
                  href={`${message.audio}?download`}
                  download
                  variant="subtle"
                  color="gray"
                  size="lg"
                  aria-label="Download"
                >
                  <IconDownload size={19} stroke={1.7} aria-hidden="true" />
                </ActionIcon>
              </Tooltip>
              <Action label="Delete" icon={IconTrash} act={() => actions.trash(message)} />
            </>
          ) : (
            <>
              <Action label="Put back" icon={IconArrowBackUp} act={() => actions.restore(message)} />
              <Action label="Delete for good" icon={IconTrashX} act={() => actions.destroy(message)} />
            </>
          )}
        </Group>
      </Group>
      {player.failed && (
        <Text size="sm" c="red" role="alert" mt={4}>
          This message cannot be played now. Try again in a moment.
        </Text>
      )}
    </div>
  );
}

type ActionProps = { label: string; icon: typeof IconTrash; act: () => void };

function Action({ label, icon: Icon, act }: ActionProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={label} onClick={act}>
        <Icon size={19} stroke={1.7} aria-hidden="true" />
      </ActionIcon>
    </Tooltip>
  );
}

/** A message has been heard when a good second of it was played. Only once: it may be marked as new afterwards. */
function useHeard(m: Message, folder: Folder, at: number, length: number, actions: Props["actions"]) {
  const told = useRef(m.heard || folder === "trash");
  useEffect(() => {
    if (told.current || at < Math.min(1.5, length * 0.8) || at === 0) return;
    told.current = true;
    actions.mark(m, true);
  }, [m, at, length, actions]);
}
