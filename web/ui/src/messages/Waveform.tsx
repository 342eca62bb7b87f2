import { useComputedColorScheme } from "@mantine/core";
import { type KeyboardEvent, type RefObject, useEffect, useRef } from "react";
import WaveSurfer from "wavesurfer.js";
import { nonce } from "../nonce";
import { spoken } from "./format";
import type { Player } from "./usePlayer";
import classes from "./Waveform.module.css";

/** Seconds that an arrow key moves. */
export const step = 5;

type Props = { audio: RefObject<HTMLAudioElement | null>; peaks: number[]; seconds: number; player: Player };

/** How loud a message is over time, and where it is being played: a slider. */
export function Waveform({ audio, peaks, seconds, player }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are those of the scheme
  useEffect(() => {
    if (!box.current || !audio.current) return;
    const colours = getComputedStyle(box.current);
    const wave = WaveSurfer.create({
      container: box.current,
      media: audio.current,
      peaks: [peaks.map((p) => Math.max(p / 100, 0.03))],
      duration: seconds,
      height: 56,
      barWidth: 3,
      barGap: 2,
      barRadius: 3,
      cursorWidth: 0,
      waveColor: colours.getPropertyValue("--wave"),
      progressColor: colours.getPropertyValue("--wave-played"),
      dragToSeek: true,
      cspNonce: nonce,
    });
    return () => wave.destroy();
  }, [audio, peaks, seconds, scheme]);
  return (
    <div
      ref={box}
      className={classes.wave}
      role="slider"
      tabIndex={0}
      aria-label="Position in the message"
      aria-valuemin={0}
      aria-valuemax={Math.round(player.length)}
      aria-valuenow={Math.round(player.at)}
      aria-valuetext={`${spoken(player.at)} of ${spoken(player.length)}`}
      onKeyDown={(e) => moved(e, player)}
    />
  );
}

function moved(e: KeyboardEvent, player: Player) {
  const small = Math.min(step, player.length / 10);
  const to: Record<string, number> = {
    ArrowLeft: player.at - small,
    ArrowDown: player.at - small,
    ArrowRight: player.at + small,
    ArrowUp: player.at + small,
    PageDown: player.at - 2 * step,
    PageUp: player.at + 2 * step,
    Home: 0,
    End: player.length,
  };
  const target = to[e.key];
  if (target === undefined) return;
  e.preventDefault();
  e.stopPropagation();
  player.seek(target);
}
